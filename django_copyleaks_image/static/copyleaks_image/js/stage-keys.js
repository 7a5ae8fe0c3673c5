// The keys of the stage. On a scan's page they are listened to here, on the review desk by the desk.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const { rememberBox } = window.copyleaksImage;
    const STAGE_KEYS = {
        1: "original",
        2: "outline",
        3: "mask",
        4: "side-by-side",
        5: "swipe",
        6: "heatmap",
        0: "actual-size",
        z: "fit",
        w: "fit-width",
        "+": "zoom-in",
        "=": "zoom-in", // The same key as plus, without Shift.
        "-": "zoom-out",
        arrowleft: "pan-left",
        arrowright: "pan-right",
        arrowup: "pan-up",
        arrowdown: "pan-down",
        r: "next-region",
        h: "hide-overlay",
        f: "fill",
        b: "reveal",
        g: "grey",
        ",": "less-opaque",
        ".": "more-opaque",
    };
    // Milliseconds: a key that is held longer hides the overlay until it is let go, one that is pressed until the next time.
    const HELD = 300;
    // What goes on for as long as the key is held; everything else happens once.
    const REPEATED = /^(pan|zoom)-|-opaque$/;
    const TYPED_INTO = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select";

    // Return what a key stands for among `keys`: by what is printed on it, or by where it lies on layouts without
    // Latin letters and on those that need Shift for digits.
    function actionOfKey(keys, { key, code, shiftKey }) {
        const printed = key.toLowerCase();
        if (Object.hasOwn(keys, printed)) {
            return keys[printed];
        }
        const digit = !shiftKey && /^Digit(\d)$/.exec(code);
        const letter = !/^[\x21-\x7e]$/.test(key) && /^Key([A-Z])$/.exec(code);
        const place = (digit || letter || ["", ""])[1].toLowerCase();
        return Object.hasOwn(keys, place) ? keys[place] : undefined;
    }

    // AltGr writes letters of many languages; only on Windows it counts as Ctrl and Alt too.
    function hasModifier(event) {
        return event.ctrlKey || event.altKey || event.metaKey || event.getModifierState("AltGraph");
    }

    // Whether a key is meant for something else: for a field, for the browser, or for whoever has used it already.
    function isMeantForAnother(event) {
        const { target } = event;
        return (
            event.defaultPrevented ||
            event.isComposing ||
            hasModifier(event) ||
            target.isContentEditable ||
            target.matches(TYPED_INTO) ||
            (target.matches("[type=range], [type=radio]") && event.key.startsWith("Arrow"))
        );
    }

    function listenToStageKeys(stage, isOn) {
        // When the key was pressed that hides the overlay, as long as it may still be held.
        let pressed = null;
        const letGo = () => {
            pressed = null;
            stage.act("show-overlay");
        };
        const leave = () => pressed !== null && letGo();
        document.addEventListener("keydown", (event) => {
            const action = isOn() && !isMeantForAnother(event) && actionOfKey(STAGE_KEYS, event);
            if (!action || (event.repeat && !REPEATED.test(action))) {
                return;
            }
            let isDone = stage.act(action);
            if (action === "hide-overlay") {
                pressed = isDone ? event.timeStamp : null;
                isDone ||= stage.act("show-overlay");
            }
            if (isDone) {
                event.preventDefault();
            }
        });
        document.addEventListener("keyup", (event) => {
            if (actionOfKey(STAGE_KEYS, event) === "hide-overlay" && pressed !== null) {
                const isHeld = event.timeStamp - pressed > HELD;
                pressed = null;
                if (isHeld) {
                    letGo();
                }
            }
        });
        // The key is let go where this page does not see it.
        window.addEventListener("blur", leave);
        document.addEventListener("visibilitychange", leave);
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

    // Single keys can be switched off, since they are hit by accident with speech input; see WCAG 2.1.4.
    function setUpScanPage(element) {
        const choice = element.querySelector(".copyleaks-shortcuts");
        const box = choice.querySelector("input");
        rememberBox(box, "shortcuts", (on) => {
            element.classList.toggle("copyleaks-shortcuts-off", !on);
            advertiseKeys(element, on);
        });
        choice.hidden = false;
        listenToStageKeys(window.copyleaksImage.setUpStage(element), () => box.checked);
    }

    Object.assign(window.copyleaksImage, {
        actionOfKey, advertiseKeys, hasModifier, isMeantForAnother, listenToStageKeys,
    });

    const stage = document.querySelector("[data-copyleaks-stage]");
    if (stage && !document.getElementById("copyleaks-desk")) {
        setUpScanPage(stage);
    }
}
