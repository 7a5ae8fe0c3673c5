// The review desk: what its buttons, keys, choices and the comings and goings of the moderator do.
"use strict";
{
    const { Desk, advertiseKeys, blurPictures, greyPictures, listenToKeys, rememberBox } = window.copyleaksImage;
    // Milliseconds between two renewals of the claims, which last ten minutes.
    const RENEWAL = 120_000;
    // Milliseconds between the clicks of a double click: nobody looks at a picture in between.
    const DOUBLE_CLICK = 300;
    // Narrower screens, as in desk.css, have no room for all choices beside the queues.
    const NARROW = window.matchMedia("(max-width: 767px)");

    const root = document.getElementById("copyleaks-desk");
    const desk = new Desk(root);
    const { voice } = desk;

    function find(selector) {
        return root.querySelector(selector);
    }

    const STEPS = {
        undo: () => desk.undo(),
        note: () => desk.note.write(),
        keys: () => find(".copyleaks-keys").showModal(),
    };

    // Not everybody may do everything: without its button a decision has no key.
    function perform(action, event) {
        if (action in STEPS) {
            STEPS[action]();
        } else if (find(`[data-decide=${action}]`)) {
            desk.decide(action, event.timeStamp);
        }
    }

    function setUpButtons() {
        let pressed = -Infinity;
        let clicked = -Infinity;
        for (const button of root.querySelectorAll("[data-decide]")) {
            button.addEventListener("pointerdown", (event) => (pressed = event.timeStamp));
            button.addEventListener("click", (event) => {
                // Keys and assistive technology click without a pointer.
                const begun = event.detail && pressed > clicked ? pressed : event.timeStamp;
                // The second click of a double click is about the picture before.
                if (event.detail < 2 || begun - clicked > DOUBLE_CLICK) {
                    desk.decide(button.dataset.decide, begun);
                }
                clicked = event.timeStamp;
            });
        }
        find("[data-undo]").addEventListener("click", STEPS.undo);
        find("[data-leave-note]").addEventListener("click", () => desk.leaveNote());
        find("[data-keys]").addEventListener("click", STEPS.keys);
        find("[data-close]").addEventListener("click", () => find(".copyleaks-keys").close());
        find("[data-load-again]").addEventListener("click", () => desk.reload());
        for (const button of root.querySelectorAll("[data-decide-unseen]")) {
            button.addEventListener("click", (event) => {
                desk.decide(button.dataset.decideUnseen, event.timeStamp, { isUnseen: true });
            });
        }
        document.addEventListener("copyleaks-sight", () => desk.noteSight());
        find("[data-retry]").addEventListener("click", () => desk.retry());
        find(".copyleaks-empty").addEventListener("click", (event) => {
            if (event.target.closest("[data-look]")) {
                desk.look();
            }
        });
    }

    function setUpChoices() {
        const selection = find(".copyleaks-selection");
        selection.querySelector("[data-apply]").hidden = true;
        selection.addEventListener("change", () => selection.requestSubmit());
        rememberBox(find("[data-preference=blur]"), "blur", blurPictures);
        rememberBox(find("[data-preference=grey]"), "grey", greyPictures);
        const shortcuts = find("[data-preference=shortcuts]");
        rememberBox(shortcuts, "shortcuts", (on) => {
            root.classList.toggle("copyleaks-shortcuts-off", !on);
            advertiseKeys(root, on);
        });
        shortcuts.addEventListener("change", () => {
            voice.announce(voice.text(shortcuts.checked ? "shortcutsOn" : "shortcutsOff"));
        });
    }

    // On a narrow screen one click shows all choices, on a wide one they stand beside the queues.
    function foldChoices() {
        find(".copyleaks-choices").open = !NARROW.matches;
        find(".copyleaks-preferences").open = NARROW.matches;
    }

    // Claims are renewed while the desk is used, given up with the page, and looked after when somebody comes back.
    function setUpClaims() {
        let renewedAt = Date.now();
        let wasUsed = true;
        const renew = () => {
            renewedAt = Date.now();
            wasUsed = false;
            desk.renew();
        };
        const renewWhenLate = () => {
            wasUsed = true;
            if (!document.hidden && Date.now() - renewedAt > 1.5 * RENEWAL) {
                renew();
            }
        };
        setInterval(() => {
            if (wasUsed && !document.hidden) {
                renew();
            }
        }, RENEWAL);
        // After a long pause, or when the computer slept, others may have been faster.
        for (const sign of ["keydown", "pointerdown", "pointermove", "visibilitychange"]) {
            document.addEventListener(sign, renewWhenLate);
        }
        window.addEventListener("pagehide", () => desk.leave());
        window.addEventListener("pageshow", (event) => {
            if (event.persisted) {
                renew();
            }
        });
        window.addEventListener("online", () => {
            if (!find("[data-retry]").hidden) {
                desk.retry();
            }
        });
        window.addEventListener("beforeunload", (event) => {
            if (desk.hasUnsaved) {
                event.preventDefault();
            }
        });
    }

    setUpButtons();
    setUpChoices();
    foldChoices();
    NARROW.addEventListener("change", foldChoices);
    setUpClaims();
    listenToKeys(root, { act: (name) => desk.current?.act(name) }, perform);
    desk.look();
}
