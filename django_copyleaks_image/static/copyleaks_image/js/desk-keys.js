// The single keys of the review desk, beside those of the stage, and the choices that this browser remembers.
"use strict";
{
    const { actionOfKey, isMeantForAnother, listenToStageKeys } = window.copyleaksImage;
    const KEYS = {
        a: "confirmed",
        c: "cleared",
        e: "escalated",
        s: "skipped",
        u: "undo",
        n: "note",
        "?": "keys",
        "؟": "keys", // On Arabic and Persian keyboards.
    };

    // Call perform(action, event), and stage.act(name), for keys pressed while nothing is typed and no dialog is open.
    function listenToKeys(root, stage, perform) {
        const isOn = () => !root.matches(".copyleaks-shortcuts-off") && !root.querySelector("dialog[open]");
        listenToStageKeys(stage, isOn);
        document.addEventListener("keydown", (event) => {
            if (event.repeat && isPressingButton(event, root)) {
                // Enter, held on a button, would decide picture after picture.
                event.preventDefault();
            }
            const action = isOn() && !isMeantForAnother(event) && actionOfKey(KEYS, event);
            if (action) {
                event.preventDefault();
                if (!event.repeat) {
                    perform(action, event);
                }
            }
        });
    }

    function isPressingButton(event, root) {
        return ["Enter", " "].includes(event.key) && root.contains(event.target) && event.target.closest("button");
    }

    // Tell assistive technology which keys work on the buttons in an element; those of the reasons always do.
    function advertiseKeys(element, on) {
        const advertised = ":is([aria-keyshortcuts], [data-key]):not(.copyleaks-reasons *)";
        for (const button of element.querySelectorAll(advertised)) {
            button.dataset.key ??= button.getAttribute("aria-keyshortcuts");
            if (on) {
                button.setAttribute("aria-keyshortcuts", button.dataset.key);
            } else {
                button.removeAttribute("aria-keyshortcuts");
            }
        }
    }

    // Bind a check box to a choice of this browser, and call apply(checked) now and whenever it changes.
    function remember(box, name, apply) {
        const key = `copyleaks-image.${name}`;
        box.checked = stored(key, box.checked ? "on" : "off") === "on";
        box.addEventListener("change", () => {
            try {
                localStorage.setItem(key, box.checked ? "on" : "off");
            } catch {
                // A browser may forbid storage altogether; the choice then ends with the page.
            }
            apply(box.checked);
        });
        apply(box.checked);
    }

    function stored(key, otherwise) {
        try {
            return localStorage.getItem(key) ?? otherwise;
        } catch {
            return otherwise;
        }
    }

    Object.assign(window.copyleaksImage, { advertiseKeys, listenToKeys, remember });
}
