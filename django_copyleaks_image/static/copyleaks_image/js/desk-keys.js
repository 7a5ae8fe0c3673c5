// The single keys of the review desk, beside those of the stage.
"use strict";
{
    const { actionOfKey, isMeantForAnother, listenToStageKeys } = window.copyleaksImage;
    // Besides those that the site can choose, which the page names.
    const KEYS = {
        "?": "keys",
        "؟": "keys", // On Arabic and Persian keyboards.
    };

    // Call perform(action, event), and stage.act(name), for keys pressed while nothing is typed and no dialog is open.
    function listenToKeys(root, stage, perform) {
        const isOn = () => !root.matches(".copyleaks-shortcuts-off") && !root.querySelector("dialog[open]");
        const keys = { ...KEYS };
        for (const { dataset } of root.querySelectorAll("[data-decide]")) {
            keys[dataset.key.toLowerCase()] = dataset.decide;
        }
        for (const name of ["undo", "note"]) {
            keys[root.querySelector(`[data-${name}]`).dataset.key.toLowerCase()] = name;
        }
        listenToStageKeys(stage, isOn);
        document.addEventListener("keydown", (event) => {
            if (event.repeat && isPressingButton(event, root)) {
                // Enter, held on a button, would decide picture after picture.
                event.preventDefault();
            }
            const action = isOn() && !isMeantForAnother(event) && actionOfKey(keys, event);
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

    Object.assign(window.copyleaksImage, { listenToKeys });
}
