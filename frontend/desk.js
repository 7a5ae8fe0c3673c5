// The desk's own script, run without a page: what it shows is noted, and the server answers when a test lets it.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const SCRIPTS = new URL("../django_copyleaks_image/static/copyleaks_image/js/", import.meta.url);

// Run scripts as a page does, and return what they have put into window.copyleaksImage.
export function load(names, { copyleaksImage = {}, ...globals } = {}) {
    const page = { window: { copyleaksImage }, ...globals };
    for (const name of names) {
        const source = readFileSync(new URL(name, SCRIPTS), "utf8");
        vm.compileFunction(source, Object.keys(page), { filename: name })(...Object.values(page));
    }
    return copyleaksImage;
}

// Let everything run that waits for nothing from outside.
export function settle() {
    return new Promise((done) => setImmediate(done));
}

// A picture that has been on the screen since ever, needs no reason, and whose note is empty.
export class Item {
    message = "";
    note = "";
    person = "";
    unsaved = null;
    isOnScreen = true;
    hasBeenSeen = true;
    secondsOnScreen = "1.500";
    obstacle = "";
    reasons = [];
    shownAt = -Infinity;
    seenAt = -Infinity;

    constructor(answer) {
        Object.assign(this, { title: `Picture ${answer.pk}`, version: 1 }, answer);
    }

    needsReason(kind) {
        return this.reasons.includes(kind);
    }

    wasShownBefore(time) {
        return time > this.shownAt;
    }

    wasSeenBefore(time) {
        return time > this.seenAt;
    }

    look() {}

    reload() {}
}

class Server {
    // What was asked and not answered yet, and all of it in order.
    #open = [];
    calls = [];
    left = null;

    next(want, held) {
        return this.#ask("next", { want, held });
    }

    named(picture) {
        return this.#ask("named", { picture });
    }

    decide({ item, kind, reason, note, person }) {
        return this.#ask("decide", { pk: item.pk, kind, reason, note, person });
    }

    undo({ id }) {
        return this.#ask("undo", { id });
    }

    renew(held) {
        return this.#ask("renew", { held });
    }

    leaveNote({ pk, note }) {
        return this.#ask("leaveNote", { pk, note });
    }

    leave(decisions, held) {
        this.left = { decided: decisions.map(({ item }) => item.pk), held: [...held] };
    }

    // Answer the oldest request, with a problem if it is an error; return what was asked.
    async answer(answer) {
        const { call, resolve, reject } = this.#open.shift();
        if (answer instanceof Error) {
            reject(answer);
        } else {
            resolve(answer);
        }
        await settle();
        return call;
    }

    get waiting() {
        return this.#open.map(({ call }) => call.what);
    }

    #ask(what, details) {
        const call = { what, ...structuredClone(details) };
        this.calls.push(call);
        return new Promise((resolve, reject) => this.#open.push({ call, resolve, reject }));
    }
}

// A desk that has just been opened, with what stands around it.
export function openDesk({ needsSeeing = ["cleared", "confirmed"], dataset = {} } = {}) {
    const around = {
        server: new Server(),
        said: [],
        warned: [],
        asked: [],
        // Of the picture that is shown, and of those kept ready.
        shown: null,
        isEmpty: false,
        canUndo: false,
        held: [],
        heldElsewhere: [],
        address: "",
    };
    const asks = (name) =>
        class {
            ask(kind) {
                around.asked.push([name, kind].filter((part) => typeof part === "string").join(" "));
            }

            show() {}

            close() {}
        };
    const { Desk, Unanswered } = load(["desk-queue.js"], {
        copyleaksImage: Object.assign(load(["desk-server.js"]), {
            DeskServer: class {
                constructor() {
                    return around.server;
                }
            },
            Gallery: class {
                add(answer) {
                    return new Item(answer);
                }

                present(before, item, { isEmpty }) {
                    Object.assign(around, { shown: item?.pk ?? null, isEmpty });
                }

                keep() {}

                prepare() {}

                enable({ canUndo }) {
                    around.canUndo = canUndo;
                }
            },
            Tabs: class {
                hold(keys) {
                    around.held = [...keys];
                }

                heldHereAlone(keys) {
                    return keys.filter((key) => !around.heldElsewhere.includes(key));
                }
            },
            Voice: class {
                text(name) {
                    return name;
                }

                announce(...sentences) {
                    around.said.push(sentences.filter(Boolean).join(" "));
                }

                warn(sentence, { retry = false, logIn = false } = {}) {
                    around.warned.push({ sentence, retry, logIn });
                }

                step() {}

                beginStep() {}

                report() {}
            },
            Note: asks("note"),
            Person: asks("person"),
            Reasons: asks("reason"),
        }),
        location: { replace: (address) => (around.address = address) },
        history: { replaceState: (state, title, address) => (around.address = address) },
    });
    const buttons = needsSeeing.map((decide) => ({ dataset: { decide } }));
    const desk = new Desk({ dataset, querySelector: () => null, querySelectorAll: () => buttons });
    return { desk, around, server: around.server, Unanswered };
}

// A desk that shows the first of these pictures; nothing more waits.
export async function deskWith(pks, options) {
    const opened = openDesk(options);
    opened.desk.look();
    await opened.server.answer({ items: pks.slice(0, 3).map((pk) => ({ pk })) });
    return opened;
}
