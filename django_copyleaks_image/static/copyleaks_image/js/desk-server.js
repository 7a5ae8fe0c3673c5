// What the review desk asks of the server: form fields go out, JSON comes back.
"use strict";
{
    // Milliseconds after which an answer is given up.
    const PATIENCE = 20_000;

    // The server did not do what it was asked; the message is for the moderator.
    class Unanswered extends Error {
        // Whether it would have been done for this moderator, who is not logged in.
        isSignedOut = false;
    }

    class DeskServer {
        #root;
        #common;

        constructor(root) {
            this.#root = root;
            const { queue, order, field, sandbox } = root.dataset;
            const csrfmiddlewaretoken = root.querySelector("[name=csrfmiddlewaretoken]").value;
            this.#common = { queue, order, field, sandbox, csrfmiddlewaretoken };
        }

        next(want, held) {
            return this.#ask(this.#root.dataset.nextUrl, { want, held: held.join() });
        }

        // Ask for the picture that the address of the page names.
        named(picture) {
            return this.#ask(this.#root.dataset.nextUrl, { picture });
        }

        decide(decision) {
            return this.#ask(this.#decideUrl(decision), fieldsOf(decision));
        }

        leaveNote({ pk, note }) {
            return this.#ask(withKey(this.#root.dataset.noteUrl, pk), { note });
        }

        undo(decision) {
            return this.#ask(withKey(this.#root.dataset.undoUrl, decision.id), {});
        }

        renew(held) {
            return this.#ask(this.#root.dataset.claimsUrl, { renew: held.join(), release: "" });
        }

        // The page ends: nobody will read the answers.
        leave(decisions, held) {
            for (const decision of decisions) {
                this.#tell(this.#decideUrl(decision), fieldsOf(decision));
            }
            if (held.length) {
                this.#tell(this.#root.dataset.claimsUrl, { renew: "", release: held.join() });
            }
        }

        #decideUrl(decision) {
            return withKey(this.#root.dataset.decideUrl, decision.item.pk);
        }

        async #ask(url, fields) {
            let answer = await this.#post(url, fields);
            if (answer.status === 403 && !isInJson(answer)) {
                // A login, in another tab perhaps, makes the token of this page worthless.
                await this.#renewToken();
                answer = await this.#post(url, fields);
            }
            return this.#read(answer);
        }

        async #renewToken() {
            const { token, user } = await this.#read(await this.#fetch(this.#root.dataset.tokenUrl));
            if (user !== this.#root.dataset.user) {
                throw this.#signedOut(this.#root.dataset.textSomebodyElse);
            }
            this.#common.csrfmiddlewaretoken = token;
        }

        #post(url, fields) {
            return this.#fetch(url, { method: "POST", body: new URLSearchParams({ ...this.#common, ...fields }) });
        }

        async #fetch(url, options = {}) {
            const { textOffline, textSignedOut } = this.#root.dataset;
            let answer;
            try {
                answer = await fetch(url, {
                    headers: { Accept: "application/json", "X-CSRFToken": this.#common.csrfmiddlewaretoken },
                    credentials: "same-origin",
                    ...options,
                    // What was sent arrives even when the page is left meanwhile; the admin redirects to its sign-in.
                    keepalive: true,
                    redirect: "manual",
                    signal: AbortSignal.timeout(PATIENCE),
                });
            } catch {
                throw new Unanswered(textOffline);
            }
            if (answer.type === "opaqueredirect") {
                throw this.#signedOut(textSignedOut);
            }
            return answer;
        }

        async #read(answer) {
            const { textForbidden, textForged, textTrouble } = this.#root.dataset;
            if (answer.status === 403) {
                throw new Unanswered(isInJson(answer) ? textForbidden : textForged);
            }
            if (!answer.ok) {
                throw new Unanswered(textTrouble);
            }
            try {
                return await answer.json();
            } catch {
                throw new Unanswered(textTrouble);
            }
        }

        #signedOut(sentence) {
            return Object.assign(new Unanswered(sentence), { isSignedOut: true });
        }

        #tell(url, fields) {
            navigator.sendBeacon(url, new URLSearchParams({ ...this.#common, ...fields }));
        }
    }

    // The desk refuses in JSON; a page in its place is of whatever stands in front of it.
    function isInJson(answer) {
        return answer.headers.get("Content-Type")?.startsWith("application/json") ?? false;
    }

    function fieldsOf({ item, kind, reason, note, seconds, seen, person = "" }) {
        return { kind, version: item.version, reason, note, seconds, seen, assigned_to: person };
    }

    // Addresses come with 0 in the place of the key.
    function withKey(url, key) {
        return url.replace(/\/0(?=\/((decide|note)\/)?$)/, `/${key}`);
    }

    Object.assign(window.copyleaksImage, { DeskServer, Unanswered });
}
