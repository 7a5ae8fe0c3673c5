// The parts of the review desk's page: a picture, what is said about it, the menu of reasons and the note.
"use strict";
{
    const { Room, Unseen, actionOfKey, advertiseKeys, hasModifier, textOf } = window.copyleaksImage;
    // Milliseconds that a picture must have been on the screen before anything is decided about it.
    const SEEN = 150;

    // A picture with its version, as the server sent it. From when it is begun it is in the document, so that it is loaded.
    class Item {
        // When it was shown, and since when its picture is seen.
        #showing = { from: Infinity, since: Infinity };
        #container;
        #stage = null;

        constructor({ pk, version, title, html }, container) {
            Object.assign(this, { pk, version, title, message: "", note: "", person: "", unsaved: null });
            const template = document.createElement("template");
            template.innerHTML = html;
            this.article = template.content.querySelector("article");
            this.#container = container;
            this.hide();
        }

        set history(html) {
            this.article.querySelector("[data-history]").innerHTML = html;
        }

        get heading() {
            return this.article.querySelector(".copyleaks-item-title");
        }

        get finding() {
            return this.article.querySelector(".copyleaks-finding").innerText.replace(/\s+/g, " ").trim();
        }

        needsReason(kind) {
            return this.article.dataset.reasons.split(" ").includes(kind);
        }

        get isMeasured() {
            return Boolean(this.article.dataset.verdict);
        }

        act(name) {
            return this.#stage.act(name);
        }

        // Load it, and return a promise that is kept when its picture has arrived, or has not.
        begin() {
            if (!this.#stage) {
                this.#container.append(this.article);
                advertiseKeys(this.article, !this.#container.closest(".copyleaks-shortcuts-off"));
                this.#stage = window.copyleaksImage.setUpStage(this.article.querySelector("[data-copyleaks-stage]"));
            }
            return this.#stage.arrived;
        }

        show() {
            this.begin();
            this.#showing = { from: performance.now(), since: Infinity };
            setHidden(this.article, false);
            this.#stage.enter();
            this.look();
        }

        hide() {
            this.#showing = { from: Infinity, since: Infinity };
            setHidden(this.article, true);
            // The key that hides the overlay may be let go when another picture is there.
            this.#stage?.act("show-overlay");
        }

        // Note since when the picture is seen. One that was seen stays so, whatever comes in between.
        look() {
            const showing = this.#showing;
            if (!this.#stage || this.#stage.obstacle) {
                if (!this.hasBeenSeen) {
                    showing.since = Infinity;
                }
            } else if (showing.since === Infinity) {
                // The second frame begins after the first one, which has the picture, was painted.
                afterNextPaint().then((now) => {
                    if (!this.#stage.obstacle) {
                        showing.since = Math.min(showing.since, now);
                    }
                });
            }
        }

        // Why the picture was not seen, in words, empty when it was or can be.
        get obstacle() {
            return this.hasBeenSeen ? "" : (this.#stage?.obstacle ?? "");
        }

        get isWaiting() {
            return this.#stage?.isWaiting ?? true;
        }

        get canReload() {
            return this.#stage?.canReload ?? false;
        }

        reload() {
            return this.#stage.reload();
        }

        get isOnScreen() {
            return this.#showing.since < Infinity;
        }

        // Empty for a picture that is not there.
        get secondsOnScreen() {
            return this.isOnScreen ? ((performance.now() - this.#showing.since) / 1000).toFixed(3) : "";
        }

        get hasBeenSeen() {
            return this.wasSeenBefore(performance.now());
        }

        wasShownBefore(time) {
            return time - this.#showing.from >= SEEN;
        }

        wasSeenBefore(time) {
            return time - this.#showing.since >= SEEN;
        }
    }

    // Hidden articles are laid out, so that what they show is loaded and decoded: see the style sheet.
    function setHidden(article, hidden) {
        article.hidden = hidden;
        article.inert = hidden;
    }

    function afterNextPaint() {
        return new Promise((call) => requestAnimationFrame(() => requestAnimationFrame(call)));
    }

    // The pictures that are shown and kept ready, and what stands in their place when there is none.
    class Gallery {
        #root;
        #container;
        #empty;
        #room;
        #prepared = [];
        #unseen;

        constructor(root) {
            this.#root = root;
            this.#room = new Room(root);
            this.#container = root.querySelector(".copyleaks-items");
            this.#empty = root.querySelector(".copyleaks-empty");
            this.#unseen = new Unseen(root);
        }

        add(answer) {
            return new Item(answer, this.#container);
        }

        // Load pictures one after the other, so that those which wait take nothing from the one that is looked at.
        async prepare(items) {
            this.#prepared = items;
            for (const item of items) {
                await item.begin();
                if (this.#prepared !== items) {
                    return;
                }
            }
        }

        // What has the focus when nothing else can: the heading of a picture, or what stands in its place.
        landing(item) {
            return item?.heading ?? (this.#empty.hidden ? this.#container : this.#empty.querySelector("h2"));
        }

        // Show one picture in place of another, either of which may be missing, and let the focus not get lost.
        present(before, item, { isEmpty, isLoading }) {
            const hadFocus = [this.#container, this.#empty].some((part) => part.contains(document.activeElement));
            if (before !== item) {
                before?.hide();
                item?.show();
                this.#room.give(item?.article);
            }
            if (item) {
                // Some decisions have other words there.
                this.#root.classList.toggle("copyleaks-never-measured", !item.isMeasured);
            }
            this.#empty.hidden = Boolean(item) || !isEmpty;
            this.#container.setAttribute("aria-busy", !item && isLoading);
            if (hadFocus && before !== item) {
                this.landing(item).focus({ preventScroll: true });
            }
            if (this.#root.getBoundingClientRect().top < 0) {
                this.#root.scrollIntoView();
            }
        }

        keep(items) {
            const kept = items.map((item) => item.article);
            for (const article of [...this.#container.children].filter((child) => !kept.includes(child))) {
                article.remove();
            }
        }

        // The buttons stay focusable when they have nothing to do. Why the picture is not seen stands beside them.
        enable({ item, canUndo }) {
            const why = item?.obstacle ?? "";
            for (const button of this.#root.querySelectorAll("[data-decide]")) {
                const isOff = !item || (why && "needsSeeing" in button.dataset);
                button.setAttribute("aria-disabled", Boolean(isOff));
                button.toggleAttribute("aria-describedby", false);
                if (item && isOff) {
                    button.setAttribute("aria-describedby", "copyleaks-unseen-why");
                }
            }
            this.#unseen.show(why, item);
            this.#root.querySelector("[data-undo]").setAttribute("aria-disabled", !canUndo);
        }
    }

    // What the desk says: aloud to screen readers, beside "Undo" about the last step, and above the picture.
    class Voice {
        #root;
        #title = document.title;

        constructor(root) {
            this.#root = root;
        }

        // A sentence of the page, with names put in: text("shown", { title }).
        text(name, values = {}) {
            return textOf(this.#root, name, values);
        }

        announce(...sentences) {
            this.#part(".copyleaks-live").textContent = sentences.filter(Boolean).join(" ");
        }

        // A warning stands until the next step is begun, whatever answers come meanwhile.
        step(sentence, { isWarning = false } = {}) {
            const said = this.#part(".copyleaks-said");
            if (isWarning || !said.matches(".copyleaks-said-warning")) {
                said.textContent = sentence;
                said.classList.toggle("copyleaks-said-warning", isWarning);
            }
        }

        beginStep() {
            this.#part(".copyleaks-said").classList.remove("copyleaks-said-warning");
        }

        // Shown until the next decision.
        warn(sentence, { retry = false, logIn = false } = {}) {
            this.#part(".copyleaks-message").hidden = !sentence;
            this.#part(".copyleaks-message-text").textContent = sentence;
            this.#part("[data-retry]").hidden = !retry;
            this.#part("[data-log-in]").hidden = !logIn;
        }

        // What the server says about the whole desk.
        report({ waiting, counts, others, today }) {
            this.#part(".copyleaks-waiting").textContent = waiting;
            document.title = `${waiting} | ${this.#title}`;
            for (const queue of this.#root.querySelectorAll(".copyleaks-queue")) {
                const count = queue.querySelector(".copyleaks-count");
                count.textContent = counts[queue.getAttribute("href")] ?? count.textContent;
            }
            this.#part(".copyleaks-others").textContent = others;
            if (today) {
                this.#replaceSummary(today);
            }
        }

        #replaceSummary(html) {
            const empty = this.#part(".copyleaks-empty");
            const hadFocus = empty.contains(document.activeElement);
            empty.innerHTML = html;
            if (hadFocus) {
                empty.querySelector("h2").focus();
            }
        }

        #part(selector) {
            return this.#root.querySelector(selector);
        }
    }

    // The numbered reasons: ask(kind) opens the menu, and choose(kind, answer, event) is called with a reason of that kind
    // and whether it needs a note. None is chosen beforehand: Enter, pressed once more, must not answer.
    class Reasons {
        #menu;
        #buttons;
        #root;
        #kind = "";
        #besides = {};
        #opener = null;

        constructor(root, choose) {
            this.#root = root;
            this.#menu = root.querySelector(".copyleaks-reasons");
            this.#buttons = [...this.#menu.querySelectorAll("[data-reason]")];
            this.#menu.addEventListener("click", (event) => {
                const button = event.target.closest("button");
                if (button) {
                    this.#answer(button, event, choose);
                }
            });
            this.#menu.addEventListener("keydown", (event) => {
                const back = event.key === "Escape" && this.#menu.lastElementChild;
                const button = back || actionOfKey(this.#numbered, event);
                if (button && !event.repeat && !hasModifier(event)) {
                    event.preventDefault();
                    this.#answer(button, event, choose);
                }
            });
            this.#menu.addEventListener("focusout", (event) => {
                if (document.hasFocus() && !this.#menu.contains(event.relatedTarget)) {
                    this.close();
                }
            });
        }

        // What else there is to say goes with the answer.
        ask(kind, besides) {
            this.close();
            this.#kind = kind;
            this.#besides = besides;
            this.#opener = document.activeElement;
            this.#mark(true);
            for (const button of this.#buttons) {
                button.hidden = button.dataset.reasonOf !== kind;
            }
            this.#menu.hidden = false;
            this.#menu.focus();
        }

        get #numbered() {
            const shown = this.#buttons.filter((button) => !button.hidden);
            return Object.fromEntries(shown.map((button, index) => [index + 1, button]));
        }

        close() {
            if (this.#menu.hidden) {
                return;
            }
            const hadFocus = this.#menu.contains(document.activeElement);
            this.#menu.hidden = true;
            this.#mark(false);
            if (hadFocus) {
                this.#opener.focus({ preventScroll: true });
            }
        }

        #answer(button, event, choose) {
            const [kind, besides] = [this.#kind, this.#besides];
            this.close();
            const { reason, needsNote } = button.dataset;
            if (reason) {
                choose(kind, { ...besides, reason, needsNote: needsNote !== undefined }, event);
            }
        }

        #mark(asking) {
            this.#root.querySelector(`[data-decide=${this.#kind}]`).classList.toggle("copyleaks-asking", asking);
        }
    }

    // For whom the picture that is shown is escalated; what is chosen is kept with that picture.
    class Person {
        #select;
        #item = null;

        // Without people to choose there is no menu.
        constructor(select) {
            this.#select = select;
            select?.addEventListener("change", () => {
                if (this.#item) {
                    this.#item.person = select.value;
                }
            });
        }

        ask() {
            this.#select?.focus();
        }

        show(item) {
            this.#item = item;
            if (this.#select) {
                this.#select.value = item?.person ?? "";
            }
        }
    }

    // The note that goes with the decision about the picture that is shown; what is typed is kept with that picture.
    class Note {
        #input;
        #item = null;
        #opener = null;
        #asking = null;

        // landing() returns what has the focus after the note when nothing has opened it.
        constructor(input, landing) {
            this.#input = input;
            input.addEventListener("input", () => {
                if (this.#item) {
                    this.#item.note = input.value;
                }
            });
            input.addEventListener("keydown", (event) => {
                if ((event.key === "Enter" || event.key === "Escape") && !event.isComposing) {
                    event.preventDefault();
                    const asking = event.key === "Enter" ? this.#asking : null;
                    if (asking && !input.value.trim()) {
                        return;
                    }
                    const opener = this.#opener?.isConnected && !this.#opener.closest("[inert]") && this.#opener;
                    (opener || landing()).focus({ preventScroll: true });
                    asking?.(event);
                }
            });
            input.addEventListener("blur", () => {
                this.#opener = null;
                this.#asking = null;
            });
        }

        // Call written(event) when the note is there and Enter is pressed, unless the field is left before.
        ask(written) {
            this.write();
            this.#asking = written;
        }

        write() {
            this.#opener = document.activeElement === document.body ? null : document.activeElement;
            this.#input.focus();
        }

        show(item) {
            this.#item = item;
            this.#input.value = item?.note ?? "";
        }
    }

    Object.assign(window.copyleaksImage, { Gallery, Voice, Reasons, Note, Person });
}
