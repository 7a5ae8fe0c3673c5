// The queue of the review desk: one picture is shown, the next ones are ready, and decisions are sent in order.
"use strict";
{
    const { DeskServer, Gallery, Note, Person, Reasons, Tabs, Unanswered, Voice } = window.copyleaksImage;
    // Pictures that are fetched and decoded before they are asked for.
    const AHEAD = 2;
    // What can be for a person.
    const FOR_A_PERSON = ["escalated", "assigned"];

    class Desk {
        #gallery;
        #tabs = new Tabs();
        // The first one is shown.
        #items = [];
        // Decisions {item, kind, reason, note, id} without an answer, oldest first, and the one that is on its way.
        #unsent = [];
        #sending = null;
        // Decisions that can be undone, oldest first, and those that are to be undone.
        #taken = [];
        #undoing = [];
        #isBusy = false;
        // The kinds that need the picture to have been seen.
        #needSeeing;
        // Nothing more waits; or nothing can be asked, until the moderator tries again.
        #isExhausted = false;
        #isStuck = false;
        // The picture that the address names comes first, and the address is its own as long as it is shown.
        #named;
        #queueUrl;

        constructor(root) {
            this.#named = root.dataset.picture;
            this.#queueUrl = this.#named && root.dataset.queueUrl;
            this.#needSeeing = [...root.querySelectorAll("[data-needs-seeing]")].map(({ dataset }) => dataset.decide);
            this.server = new DeskServer(root);
            this.voice = new Voice(root);
            this.reasons = new Reasons(root, (kind, answer, event) => this.decide(kind, event.timeStamp, answer));
            this.#gallery = new Gallery(root);
            this.person = new Person(root.querySelector("[data-person]"));
            this.note = new Note(root.querySelector("[data-note]"), () => this.#gallery.landing(this.current));
        }

        get current() {
            return this.#items[0];
        }

        get hasUnsaved() {
            return this.#items.some((item) => item.unsaved);
        }

        // Take the decision for done and show the next picture. Nothing counts that was begun before the picture was seen,
        // unless it says nothing about the picture, or the moderator has said to decide without seeing it.
        decide(kind, time, { reason = "", needsNote = false, isUnseen = false } = {}) {
            const item = this.current;
            if (!item) {
                return;
            }
            const needsSeeing = !isUnseen && this.#needSeeing.includes(kind);
            if (!item.wasSeenBefore(time) && (needsSeeing || !item.wasShownBefore(time))) {
                this.#askToWait(item);
                return;
            }
            if (!reason && item.needsReason(kind)) {
                this.reasons.ask(kind, { isUnseen });
                this.voice.announce(this.voice.text("reason"));
                return;
            }
            const person = FOR_A_PERSON.includes(kind) ? item.person : "";
            if (kind === "assigned" && !person) {
                this.#askFor(this.person, "personNeeded");
                return;
            }
            if ((needsNote || person) && !item.note.trim()) {
                this.#askFor(this.note, needsNote ? "noteNeeded" : "noteForPerson", (event) =>
                    this.decide(kind, event.timeStamp, { reason, needsNote, isUnseen }),
                );
                return;
            }
            this.voice.beginStep();
            this.#items.shift();
            this.#queue({ item, kind, reason, person, id: null });
            this.#present(item);
            this.#showMessage();
            this.#work();
        }

        #askFor(field, text, answered) {
            field.ask(answered);
            this.voice.warn(this.voice.text(text));
            this.voice.announce(this.voice.text(text));
        }

        // Leave what is written about the picture that is shown, without deciding.
        async leaveNote() {
            const item = this.current;
            if (!item) {
                return;
            }
            const { note } = item;
            if (!note.trim()) {
                this.note.write();
                return;
            }
            this.voice.beginStep();
            try {
                const answer = await this.server.leaveNote(item);
                if (answer.history) {
                    item.history = answer.history;
                    item.note = item.note === note ? "" : item.note;
                    this.note.show(this.current);
                    this.voice.step(answer.said);
                } else {
                    this.voice.warn(answer.said);
                }
                this.voice.announce(answer.said);
            } catch (problem) {
                rethrowUnlessUnanswered(problem);
                this.voice.warn(problem.message);
                this.voice.announce(problem.message);
            }
        }

        undo() {
            const decision = this.#taken.pop();
            this.voice.beginStep();
            if (!decision) {
                this.voice.announce(this.voice.text("nothingToUndo"));
            } else if (this.#unsent.includes(decision) && decision !== this.#sending) {
                this.#unsent.splice(this.#unsent.indexOf(decision), 1);
                this.#putInFront([decision.item]);
                this.voice.announce(this.#next());
            } else {
                this.#undoing.push(decision);
                this.#work();
            }
        }

        // Send what was brought back once more, as it was decided.
        retry() {
            const before = this.current;
            while (this.current?.unsaved) {
                this.#queue(this.#items.shift().unsaved);
            }
            this.#present(before);
            this.#showMessage();
            this.look();
        }

        // Ask whether there is more.
        look() {
            this.#isExhausted = false;
            this.#isStuck = false;
            this.#work();
        }

        // Keep the claims, and drop the pictures that are somebody else's by now.
        async renew() {
            const asked = [...this.#items];
            try {
                const answer = await this.server.renew(asked.map((item) => item.pk));
                this.voice.report(answer);
                this.#drop(asked.filter((item) => !answer.held.includes(item.pk)), answer.taken);
            } catch (problem) {
                // Whatever is asked next runs into the same problem, and then it is told.
                rethrowUnlessUnanswered(problem);
            }
            this.look();
        }

        leave() {
            const waiting = this.#unsent.filter((decision) => decision !== this.#sending);
            this.#unsent = this.#unsent.filter((decision) => decision === this.#sending);
            this.#forget(waiting);
            this.server.leave(waiting, this.#tabs.heldHereAlone(this.#items.map((item) => item.pk)));
            this.#tabs.hold([]);
        }

        // One request at a time: decisions first, then what was undone, then what is missing.
        async #work() {
            if (this.#isBusy) {
                return;
            }
            this.#isBusy = true;
            try {
                while (this.#unsent.length || this.#undoing.length || this.#isMissing) {
                    if (this.#unsent.length) {
                        await this.#save(this.#unsent[0]);
                    } else if (this.#undoing.length) {
                        await this.#takeBack(this.#undoing[0]);
                    } else {
                        await this.#fetch();
                    }
                }
            } catch (problem) {
                rethrowUnlessUnanswered(problem);
                this.#bringBack(problem);
            } finally {
                this.#sending = null;
                this.#isBusy = false;
                this.#tidy();
            }
        }

        get #isMissing() {
            return this.#items.length <= AHEAD && !this.#isExhausted && !this.#isStuck;
        }

        #queue(decision) {
            decision.note = decision.item.note.trim();
            decision.seconds ??= decision.item.secondsOnScreen;
            decision.seen ??= decision.item.hasBeenSeen ? "seen" : "unseen";
            Object.assign(decision.item, { message: "", unsaved: null });
            this.#unsent.push(decision);
            this.#taken.push(decision);
            this.#isExhausted = false;
            this.#isStuck = false;
        }

        async #save(decision) {
            this.#sending = decision;
            const answer = await this.server.decide(decision);
            this.#sending = null;
            this.#unsent.shift();
            if (answer.stale || answer.refused) {
                this.#giveUp(decision, answer);
                return;
            }
            decision.id = answer.decision;
            this.voice.step(answer.said);
            this.voice.announce(answer.said, this.#unsent.length ? "" : this.#next());
        }

        // The server did not accept a decision: show the picture as it is now, if it is still this moderator's.
        #giveUp(decision, answer) {
            this.#forget([decision]);
            const item = answer.item ? this.#gallery.add(answer.item) : answer.refused && decision.item;
            if (item) {
                Object.assign(item, { message: answer.said, note: decision.note });
                this.#putInFront([item]);
            } else {
                this.voice.warn(`${decision.item.title}: ${answer.said}`);
            }
            this.voice.announce(answer.said, this.#next());
        }

        async #takeBack(decision) {
            // Its own saving failed, so that there is nothing to undo.
            const answer = decision.id === null ? null : await this.server.undo(decision);
            this.#undoing.shift();
            if (!answer) {
                return;
            }
            if (answer.counts) {
                this.voice.report(answer);
            }
            if (answer.item) {
                const item = this.#gallery.add(answer.item);
                item.note = decision.note;
                this.#putInFront([item]);
            }
            if (answer.stale || answer.refused) {
                this.voice.warn(`${decision.item.title}: ${answer.said}`);
            } else {
                this.voice.step(answer.said);
            }
            this.voice.announce(answer.said, this.#next());
        }

        async #fetch() {
            const want = this.#named ? 1 : 1 + AHEAD - this.#items.length;
            const answer = this.#named
                ? await this.server.named(this.#named)
                : await this.server.next(want, this.#kept.map((item) => item.pk));
            if (answer.elsewhere) {
                this.#isStuck = true;
                location.replace(answer.elsewhere);
                return;
            }
            this.#named = "";
            // What was decided meanwhile may come again, such as a skipped picture.
            this.#isExhausted = answer.items.length < want && !this.#unsent.length;
            this.voice.report(answer);
            const hadNone = !this.current;
            this.#items.push(...answer.items.map((item) => this.#gallery.add(item)));
            if (hadNone) {
                this.#present(null);
                this.voice.announce(this.#next());
            }
        }

        // Nothing could be sent: every picture that is not saved comes back, the oldest one in front.
        #bringBack({ message: reason, isSignedOut }) {
            const unsaved = this.#unsent;
            this.#unsent = [];
            this.#forget(unsaved);
            this.#taken.push(...this.#undoing.reverse().filter((decision) => decision.id !== null));
            this.#undoing = [];
            this.#isStuck = true;
            for (const decision of unsaved) {
                Object.assign(decision.item, { unsaved: decision, isSignedOut });
                decision.item.message = `${this.voice.text("failed", decision.item)} ${reason}`;
            }
            this.#putInFront(unsaved.map((decision) => decision.item));
            if (!unsaved.length) {
                this.voice.warn(reason, { retry: true, logIn: isSignedOut });
            }
            this.voice.announce(this.current?.message || reason);
        }

        #forget(decisions) {
            this.#taken = this.#taken.filter((decision) => !decisions.includes(decision));
        }

        // Some were taken by others; the rest was decided, or the claim had ended and they come again.
        #drop(lost, taken) {
            const before = this.current;
            this.#items = this.#items.filter((item) => !lost.includes(item));
            if (this.current !== before) {
                this.#present(before);
                const sentence = this.voice.text(taken.includes(before.pk) ? "taken" : "lost", before);
                this.voice.warn(sentence);
                this.voice.announce(sentence, this.#next());
            }
            this.#tidy();
        }

        #putInFront(items) {
            const before = this.current;
            this.#items.unshift(...items);
            this.#present(before);
            this.#showMessage();
        }

        // Show the first picture in place of another one.
        #present(before) {
            this.reasons.close();
            const isEmpty = this.#isExhausted;
            if (before && this.#queueUrl) {
                history.replaceState(null, "", this.#queueUrl);
                this.#queueUrl = "";
            }
            this.#gallery.present(before, this.current, { isEmpty, isLoading: !isEmpty && !this.#isStuck });
            this.note.show(this.current);
            this.person.show(this.current);
            this.#tidy();
        }

        // Say why a picture was brought back.
        #showMessage() {
            const item = this.current;
            const isUnsaved = Boolean(item?.unsaved);
            this.voice.warn(item?.message ?? "", { retry: isUnsaved, logIn: isUnsaved && item.isSignedOut });
        }

        // What stands in the way of the picture is said beside the decisions, too.
        #askToWait(item) {
            const sentence = item.isOnScreen ? this.voice.text("tooEarly") : item.obstacle || this.voice.text("notPainted");
            this.voice.announce(sentence);
            this.voice.step(sentence, { isWarning: true });
        }

        // The picture has come, was not found, is blurred or shown.
        noteSight() {
            this.current?.look();
            this.#enable();
        }

        // Load the picture that is not there once more.
        async reload() {
            await this.current?.reload();
        }

        #tidy() {
            this.#gallery.keep(this.#kept);
            this.#gallery.prepare([...this.#items]);
            this.#tabs.hold(this.#items.map((item) => item.pk));
            this.#enable();
        }

        #enable() {
            this.#gallery.enable({ item: this.current, canUndo: this.#taken.length > 0 });
        }

        get #kept() {
            return [...this.#items, ...this.#unsent.map((decision) => decision.item)];
        }

        #next() {
            if (this.current) {
                return this.voice.text("shown", this.current);
            }
            return this.#isExhausted ? this.voice.text("empty") : "";
        }
    }

    function rethrowUnlessUnanswered(problem) {
        if (!(problem instanceof Unanswered)) {
            throw problem;
        }
    }

    window.copyleaksImage.Desk = Desk;
}
