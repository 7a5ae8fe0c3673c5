// What all scripts share: the texts of the page, and the choices that this browser remembers.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const PREFIX = "copyleaks-image.";

    const between = (value, low, high) => Math.min(Math.max(value, low), high);

    // Texts stand in data-text-* attributes of a stage or of the desk, in the language of the page, with {name} for a
    // value: textOf(element, "region", { number, total }).
    function textOf(element, name, values = {}) {
        const text = element?.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`] ?? "";
        return text.replace(/{(\w+)}/g, (placeholder, value) => values[value] ?? placeholder);
    }

    // A browser may forbid storage altogether; a choice then ends with the page.
    const chosenHere = new Map();

    function remembered(name, otherwise = null) {
        try {
            return localStorage.getItem(PREFIX + name) ?? otherwise;
        } catch {
            return chosenHere.get(name) ?? otherwise;
        }
    }

    function remember(name, value) {
        chosenHere.set(name, String(value));
        try {
            localStorage.setItem(PREFIX + name, value);
        } catch {
            // See above.
        }
    }

    // Bind a check box to a choice, and call apply(checked) now and whenever it changes.
    function rememberBox(box, name, apply) {
        box.checked = remembered(name, box.checked ? "on" : "off") === "on";
        box.addEventListener("change", () => {
            remember(name, box.checked ? "on" : "off");
            apply(box.checked);
        });
        apply(box.checked);
    }

    // Pictures are blurred wherever they are shown, for those who chose so at the review desk, and grey likewise.
    function blurPictures(on) {
        document.documentElement.classList.toggle("copyleaks-blurred", on);
        document.dispatchEvent(new CustomEvent("copyleaks-sight"));
    }

    function greyPictures(on) {
        document.documentElement.classList.toggle("copyleaks-grey", on);
    }

    // As the preference of the desk does, which is told.
    function toggleGrey() {
        const on = remembered("grey") !== "on";
        remember("grey", on ? "on" : "off");
        greyPictures(on);
        document.querySelectorAll("[data-preference=grey]").forEach((box) => (box.checked = on));
    }

    Object.assign(window.copyleaksImage, { between, blurPictures, greyPictures, remember, rememberBox, remembered, textOf, toggleGrey });

    blurPictures(remembered("blur") === "on");
    greyPictures(remembered("grey") === "on");
}
