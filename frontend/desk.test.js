import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { deskWith, openDesk, settle } from "./desk.js";

// Milliseconds after everything that has been seen.
const NOW = 1000;
const EMPTY = { items: [] };

function saved(id) {
    return { decision: id, said: "Saved" };
}

function decisions(server) {
    return server.calls.filter(({ what }) => what === "decide").map(({ pk, kind }) => `${pk} ${kind}`);
}

describe("looking", () => {
    test("the first picture is shown, and two are kept ready", async () => {
        const { desk, around, server } = openDesk();
        desk.look();
        await server.answer({ items: [{ pk: 1 }, { pk: 2 }, { pk: 3 }] });

        assert.deepEqual(server.calls, [{ what: "next", want: 3, held: [] }]);
        assert.equal(around.shown, 1);
        assert.deepEqual(around.held, [1, 2, 3]);
        assert.deepEqual(around.said, ["shown"]);
    });

    test("nothing more is asked for once nothing waits, until somebody looks again", async () => {
        const { desk, around, server } = openDesk();
        desk.look();
        await server.answer(EMPTY);
        assert.equal(around.isEmpty, true);
        assert.deepEqual(around.said, ["empty"]);
        assert.deepEqual(server.waiting, []);

        desk.look();
        await server.answer({ items: [{ pk: 1 }] });
        assert.equal(around.shown, 1);
    });

    test("the picture that the address names comes first, and the address goes with it", async () => {
        const { desk, around, server } = openDesk({ dataset: { picture: "7", queueUrl: "/desk/" } });
        desk.look();
        await server.answer({ items: [{ pk: 7 }] });
        assert.deepEqual(server.calls[0], { what: "named", picture: "7" });
        assert.equal(around.address, "");
        await server.answer({ items: [{ pk: 8 }] });

        desk.decide("cleared", NOW);
        assert.equal(around.address, "/desk/");
        assert.equal(around.shown, 8);
    });

    test("a picture that is elsewhere is gone to, and nothing else is asked for", async () => {
        const { desk, around, server } = openDesk({ dataset: { picture: "7" } });
        desk.look();
        await server.answer({ elsewhere: "/other/" });

        assert.equal(around.address, "/other/");
        assert.deepEqual(server.waiting, []);
    });
});

describe("deciding", () => {
    test("the next picture is shown at once, and decisions are sent one by one in their order", async () => {
        const { desk, around, server } = await deskWith([1, 2, 3]);
        for (const kind of ["cleared", "confirmed", "cleared"]) {
            desk.decide(kind, NOW);
        }
        assert.equal(around.shown, null);
        assert.deepEqual(decisions(server), ["1 cleared"]);

        await server.answer(saved(11));
        await server.answer(saved(12));
        await server.answer(saved(13));
        assert.deepEqual(decisions(server), ["1 cleared", "2 confirmed", "3 cleared"]);
        assert.deepEqual(server.waiting, ["next"]);
    });

    test("pictures that are not saved yet are not asked for again", async () => {
        const { desk, server } = await deskWith([1, 2, 3]);
        desk.decide("cleared", NOW);
        await server.answer(saved(11));

        assert.deepEqual(server.calls.at(-1), { what: "next", want: 1, held: [2, 3] });
    });

    test("what was begun before the picture was seen does not count", async () => {
        const { desk, around, server } = await deskWith([1]);
        Object.assign(desk.current, { seenAt: 500, shownAt: 100 });

        desk.decide("cleared", 400);
        assert.equal(around.shown, 1);
        assert.equal(around.said.at(-1), "tooEarly");
        // What says nothing about the picture needs it on the screen only.
        desk.decide("skipped", 50);
        assert.equal(around.shown, 1);
        desk.decide("skipped", 400);
        assert.deepEqual(decisions(server), ["1 skipped"]);
    });

    test("a picture that cannot be seen is decided when that is what the moderator says", async () => {
        const { desk, around, server } = await deskWith([1]);
        Object.assign(desk.current, { seenAt: Infinity, shownAt: 0, isOnScreen: false, obstacle: "It was not found." });

        desk.decide("cleared", NOW);
        assert.equal(around.said.at(-1), "It was not found.");
        desk.decide("cleared", NOW, { isUnseen: true });
        assert.deepEqual(decisions(server), ["1 cleared"]);
    });

    test("a reason, a person and a note are asked for where they are needed", async () => {
        const { desk, around, server } = await deskWith([1]);
        desk.current.reasons = ["confirmed"];

        desk.decide("confirmed", NOW);
        assert.deepEqual(around.asked, ["reason confirmed"]);
        desk.decide("confirmed", NOW, { reason: "other", needsNote: true });
        assert.deepEqual(around.asked.slice(1), ["note"]);
        desk.decide("assigned", NOW);
        assert.deepEqual(around.asked.slice(2), ["person"]);
        desk.current.person = "5";
        desk.decide("assigned", NOW);
        assert.deepEqual(around.asked.slice(3), ["note"]);
        assert.deepEqual(decisions(server), []);

        desk.current.note = " Please look. ";
        desk.decide("assigned", NOW);
        assert.deepEqual(server.calls.at(-1), {
            what: "decide",
            pk: 1,
            kind: "assigned",
            reason: "",
            note: "Please look.",
            person: "5",
        });
    });

    test("nothing happens when there is no picture", async () => {
        const { desk, server } = await deskWith([]);
        desk.decide("cleared", NOW);
        await desk.leaveNote();

        assert.deepEqual(decisions(server), []);
    });
});

describe("answers other than yes", () => {
    test("a picture that has changed comes back as it is now, with the note", async () => {
        const { desk, around, server } = await deskWith([1, 2]);
        desk.current.note = "Hands";
        desk.decide("cleared", NOW);
        await server.answer({ stale: true, said: "It has changed.", item: { pk: 1, version: 2 } });

        assert.equal(around.shown, 1);
        assert.deepEqual([desk.current.version, desk.current.note], [2, "Hands"]);
        assert.equal(around.warned.at(-1).sentence, "It has changed.");
        assert.equal(around.canUndo, false);
    });

    test("a picture that is somebody else's is told of, and stays away", async () => {
        const { desk, around, server } = await deskWith([1, 2]);
        desk.decide("cleared", NOW);
        await server.answer({ stale: true, said: "Decided by Ada." });

        assert.equal(around.shown, 2);
        assert.equal(around.warned.at(-1).sentence, "Picture 1: Decided by Ada.");
    });

    test("a refused decision brings the same picture back", async () => {
        const { desk, around, server } = await deskWith([1, 2]);
        desk.decide("cleared", NOW);
        await server.answer({ refused: true, said: "You may not." });

        assert.equal(around.shown, 1);
        assert.equal(around.warned.at(-1).sentence, "You may not.");
    });

    test("without a connection all that is not saved comes back, the oldest first, and is sent again as it was", async () => {
        const { desk, around, server, Unanswered } = await deskWith([1, 2, 3]);
        desk.decide("cleared", NOW);
        desk.decide("confirmed", NOW);
        await server.answer(new Unanswered("Offline."));

        assert.equal(around.shown, 1);
        assert.equal(desk.hasUnsaved, true);
        assert.deepEqual(around.warned.at(-1), { sentence: "failed Offline.", retry: true, logIn: false });
        assert.deepEqual(server.waiting, []);

        desk.retry();
        assert.equal(around.shown, 3);
        await server.answer(saved(11));
        await server.answer(saved(12));
        assert.deepEqual(decisions(server), ["1 cleared", "1 cleared", "2 confirmed"]);
        assert.equal(desk.hasUnsaved, false);
        assert.equal(around.canUndo, true);
    });

    test("who is signed out is told to log in", async () => {
        const { desk, around, server, Unanswered } = await deskWith([1]);
        desk.decide("cleared", NOW);
        await server.answer(Object.assign(new Unanswered("Signed out."), { isSignedOut: true }));

        assert.deepEqual(around.warned.at(-1), { sentence: "failed Signed out.", retry: true, logIn: true });
    });

    test("a mistake in the script is not taken for a lost connection", async () => {
        const { desk, around, server } = await deskWith([1]);
        desk.current.note = "Hands";
        const left = assert.rejects(desk.leaveNote(), /not a function/);
        await server.answer(new TypeError("undefined is not a function"));

        await left;
        assert.deepEqual(around.warned, []);
    });
});

describe("undoing", () => {
    test("what was not sent never is", async () => {
        const { desk, around, server } = await deskWith([1, 2, 3]);
        desk.decide("cleared", NOW);
        desk.decide("confirmed", NOW);
        desk.undo();
        assert.equal(around.shown, 2);
        await server.answer(saved(11));

        assert.deepEqual(decisions(server), ["1 cleared"]);
    });

    test("what is on its way is undone once it is saved", async () => {
        const { desk, around, server } = await deskWith([1, 2]);
        desk.current.note = "Hands";
        desk.decide("cleared", NOW);
        desk.undo();
        assert.deepEqual(server.waiting, ["decide"]);
        await server.answer(saved(11));
        assert.deepEqual(await server.answer({ said: "Undone", item: { pk: 1, version: 3 } }), { what: "undo", id: 11 });

        assert.equal(around.shown, 1);
        assert.equal(desk.current.note, "Hands");
        assert.equal(around.canUndo, false);
    });

    test("decisions are undone from the newest to the oldest, and then there is none", async () => {
        const { desk, around, server } = await deskWith([1, 2, 3]);
        desk.decide("cleared", NOW);
        await server.answer(saved(11));
        await server.answer(EMPTY);
        desk.decide("cleared", NOW);
        await server.answer(saved(12));
        await server.answer(EMPTY);

        desk.undo();
        desk.undo();
        assert.equal((await server.answer({ said: "Undone", item: { pk: 2 } })).id, 12);
        assert.equal((await server.answer({ said: "Undone", item: { pk: 1 } })).id, 11);
        assert.equal(around.shown, 1);
        desk.undo();
        assert.equal(around.said.at(-1), "nothingToUndo");
    });

    test("a decision whose undoing was not answered can be undone later", async () => {
        const { desk, around, server, Unanswered } = await deskWith([1, 2]);
        desk.decide("cleared", NOW);
        await server.answer(saved(11));
        await server.answer(EMPTY);
        desk.undo();
        await server.answer(new Unanswered("Offline."));

        assert.deepEqual(around.warned.at(-1), { sentence: "Offline.", retry: true, logIn: false });
        assert.equal(around.canUndo, true);
        desk.undo();
        assert.deepEqual(server.waiting, ["undo"]);
    });
});

describe("claims", () => {
    test("a picture that was taken meanwhile goes, and is told of", async () => {
        const { desk, around, server } = await deskWith([1, 2, 3]);
        desk.renew();
        await server.answer({ held: [2, 3], taken: [1] });

        assert.equal(around.shown, 2);
        assert.deepEqual(around.held, [2, 3]);
        assert.equal(around.warned.at(-1).sentence, "taken");
        assert.equal(around.said.at(-1), "taken shown");
    });

    test("no answer to a renewal changes nothing", async () => {
        const { desk, around, server, Unanswered } = await deskWith([1, 2, 3]);
        desk.renew();
        await server.answer(new Unanswered("Offline."));

        assert.equal(around.shown, 1);
        assert.deepEqual(around.held, [1, 2, 3]);
    });

    test("who leaves sends what waits, not what is on its way, and gives up what no other tab holds", async () => {
        const { desk, around, server } = await deskWith([1, 2, 3]);
        around.heldElsewhere = [3];
        desk.decide("cleared", NOW);
        desk.decide("confirmed", NOW);
        desk.leave();

        assert.deepEqual(server.left, { decided: [2], held: [] });
        assert.deepEqual(around.held, []);
        await server.answer(saved(11));
        assert.deepEqual(decisions(server), ["1 cleared"]);
    });
});

describe("notes", () => {
    test("a note that is left is emptied unless it goes on being written", async () => {
        const { desk, server } = await deskWith([1]);
        desk.current.note = "Hands";
        desk.leaveNote();
        await settle();
        await server.answer({ history: "<p>Hands</p>", said: "Left" });
        assert.equal(desk.current.note, "");

        desk.current.note = "Feet";
        desk.leaveNote();
        desk.current.note = "Feet, too";
        await server.answer({ history: "<p>Feet</p>", said: "Left" });
        assert.equal(desk.current.note, "Feet, too");
    });

    test("a note that is not taken stays", async () => {
        const { desk, around, server, Unanswered } = await deskWith([1]);
        desk.current.note = "Hands";
        desk.leaveNote();
        await server.answer({ said: "Too long" });
        desk.leaveNote();
        await server.answer(new Unanswered("Offline."));

        assert.equal(desk.current.note, "Hands");
        assert.deepEqual(around.warned.slice(-2).map(({ sentence }) => sentence), ["Too long", "Offline."]);
    });
});
