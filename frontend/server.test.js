import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { load, settle } from "./desk.js";

const TEXTS = {
    textOffline: "Offline.",
    textSignedOut: "Signed out.",
    textSomebodyElse: "Somebody else.",
    textForbidden: "Forbidden.",
    textForged: "Forged.",
    textTrouble: "Trouble.",
};
const JSON_TYPE = "application/json";

function answer(status, content, type = JSON_TYPE) {
    return new Response(typeof content === "string" ? content : JSON.stringify(content), {
        status,
        headers: { "Content-Type": type },
    });
}

// A server of the desk's whose answers are given; what is sent is noted.
function connect(...answers) {
    const sent = [];
    const beacons = [];
    const root = {
        dataset: {
            ...TEXTS,
            queue: "open",
            order: "oldest",
            field: "",
            sandbox: "",
            user: "5",
            nextUrl: "/desk/next/",
            claimsUrl: "/desk/claims/",
            tokenUrl: "/desk/token/",
            decideUrl: "/desk/0/decide/",
            noteUrl: "/desk/0/note/",
            undoUrl: "/desk/undo/0/",
        },
        querySelector: () => ({ value: "old" }),
    };
    const { DeskServer, Unanswered } = load(["desk-server.js"], {
        fetch: (url, { body, headers, ...options }) => {
            sent.push({ url, token: headers["X-CSRFToken"], fields: Object.fromEntries(body ?? []), options });
            const next = answers.shift();
            return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
        },
        navigator: { sendBeacon: (url, body) => beacons.push({ url, fields: Object.fromEntries(body) }) },
    });
    return { server: new DeskServer(root), sent, beacons, Unanswered };
}

const DECISION = {
    item: { pk: 17, version: 3 },
    kind: "cleared",
    reason: "",
    note: "Hands",
    seconds: "1.5",
    seen: "seen",
    id: 101,
};

describe("asking", () => {
    test("every request says which queue it is about, and is not led elsewhere", async () => {
        const { server, sent } = connect(answer(200, { items: [] }));
        assert.deepEqual(await server.next(3, [1, 2]), { items: [] });

        const [{ url, token, fields, options }] = sent;
        assert.equal(url, "/desk/next/");
        assert.equal(token, "old");
        assert.deepEqual([fields.queue, fields.want, fields.held], ["open", "3", "1,2"]);
        assert.deepEqual([options.redirect, options.keepalive, options.credentials], ["manual", true, "same-origin"]);
    });

    test("a decision goes to the address of its picture, a note and an undoing to theirs", async () => {
        const { server, sent } = connect(answer(200, {}), answer(200, {}), answer(200, {}));
        await server.decide(DECISION);
        await server.leaveNote({ pk: 17, note: "Hands" });
        await server.undo(DECISION);

        assert.deepEqual(
            sent.map(({ url }) => url),
            ["/desk/17/decide/", "/desk/17/note/", "/desk/undo/101/"],
        );
        const { kind, version, note, seen, assigned_to: person } = sent[0].fields;
        assert.deepEqual([kind, version, note, seen, person], ["cleared", "3", "Hands", "seen", ""]);
    });

    test("who leaves the page waits for no answer", () => {
        const { server, sent, beacons } = connect();
        server.leave([DECISION], [18, 19]);

        assert.deepEqual(sent, []);
        assert.deepEqual(
            beacons.map(({ url, fields }) => [url, fields.kind ?? fields.release]),
            [
                ["/desk/17/decide/", "cleared"],
                ["/desk/claims/", "18,19"],
            ],
        );
    });
});

describe("a token that is worthless since a login elsewhere", () => {
    const FORGED = () => answer(403, "<h1>Forbidden</h1>", "text/html");

    test("is asked for anew, and the request is sent once more", async () => {
        const { server, sent } = connect(FORGED(), answer(200, { token: "new", user: "5" }), answer(200, { said: "Saved" }));

        assert.deepEqual(await server.decide(DECISION), { said: "Saved" });
        assert.deepEqual(
            sent.map(({ url }) => url),
            ["/desk/17/decide/", "/desk/token/", "/desk/17/decide/"],
        );
        assert.deepEqual([sent[2].token, sent[2].fields.csrfmiddlewaretoken], ["new", "new"]);
    });

    test("is not used for somebody else's decisions", async () => {
        const { server, sent } = connect(FORGED(), answer(200, { token: "new", user: "6" }));

        await assert.rejects(server.decide(DECISION), { message: "Somebody else.", isSignedOut: true });
        assert.equal(sent.length, 2);
    });

    test("is not asked for again and again", async () => {
        const { server, sent } = connect(FORGED(), answer(200, { token: "new", user: "5" }), FORGED());

        await assert.rejects(server.decide(DECISION), { message: "Forged." });
        assert.equal(sent.length, 3);
    });
});

describe("no answer", () => {
    const REDIRECT = Object.defineProperty(new Response(null), "type", { value: "opaqueredirect" });

    for (const [why, given, message] of [
        ["no connection", new TypeError("Failed to fetch"), "Offline."],
        ["a redirect to the sign-in", REDIRECT, "Signed out."],
        ["a refusal of the desk's", answer(403, {}), "Forbidden."],
        ["an error of the server", answer(500, "Error"), "Trouble."],
        ["a page instead of JSON", answer(200, "<p>Maintenance</p>", "text/html"), "Trouble."],
    ]) {
        test(`${why} is told in words`, async () => {
            const { server, Unanswered } = connect(given);

            await assert.rejects(server.renew([1]), (problem) => {
                assert.ok(problem instanceof Unanswered);
                assert.deepEqual([problem.message, problem.isSignedOut], [message, message === "Signed out."]);
                return true;
            });
        });
    }
});

describe("tabs", () => {
    // A browser's channel: whatever one tab says, all others hear.
    function browser() {
        const channels = [];
        class BroadcastChannel {
            constructor() {
                channels.push(this);
            }

            addEventListener(type, hear) {
                this.hear = hear;
            }

            postMessage(data) {
                for (const other of channels.filter((channel) => channel !== this)) {
                    setImmediate(() => other.hear({ data: structuredClone(data) }));
                }
            }
        }
        const { Tabs } = load(["desk-tabs.js"], { BroadcastChannel });
        return () => new Tabs();
    }

    test("a tab knows what those before and after it hold", async () => {
        const open = browser();
        const [first, second] = [open(), open()];
        first.hold([1, 2]);
        second.hold([2, 3]);
        const third = open();
        third.hold([]);
        await settle();
        await settle();

        assert.deepEqual(first.heldHereAlone([1, 2]), [1]);
        assert.deepEqual(second.heldHereAlone([2, 3]), [3]);
        assert.deepEqual(third.heldHereAlone([1, 2, 3, 4]), [4]);

        second.hold([]);
        await settle();
        assert.deepEqual(first.heldHereAlone([1, 2]), [1, 2]);
    });
});
