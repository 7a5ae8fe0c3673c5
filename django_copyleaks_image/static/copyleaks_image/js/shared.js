// What all scripts share: the texts of the page, and the choices that this browser remembers.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const PREFIX = "copyleaks-image.";

    // Texts stand in data-text-* attributes of a stage or of the desk, in the language of the page, with {name} for a
    // value: textOf(element, "region", { number, total }).
    function textOf(element, name, values = {}) {
        const text = element?.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`] ?? "";
        return text.replace(/{(\w+)}/g, (placeholder, value) => values[value] ?? placeholder);
    }

    // A browser may forbid storage altogether; a choice then ends with the page.
    function remembered(name, otherwise = null) {
        try {
            return localStorage.getItem(PREFIX + name) ?? otherwise;
        } catch {
            return otherwise;
        }
    }

    function remember(name, value) {
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

    // Pictures are blurred wherever they are shown, for those who chose so at the review desk.
    function blurPictures(on) {
        document.documentElement.classList.toggle("copyleaks-blurred", on);
    }

    // The overlay is as opaque on all stages of a page, and on the next page in this browser.
    function setUpOpacity(stage) {
        const range = stage.querySelector(".copyleaks-opacity input");
        if (!range) {
            return;
        }
        range.addEventListener("input", () => {
            setOpacity(range.value);
            remember("opacity", range.value);
        });
        setOpacity(remembered("opacity") ?? range.value);
    }

    function setOpacity(percent) {
        document.documentElement.style.setProperty("--copyleaks-opacity", percent / 100);
        for (const slider of document.querySelectorAll(".copyleaks-opacity")) {
            slider.querySelector("input").value = percent;
            slider.querySelector("output").textContent = `${percent} %`;
        }
    }

    Object.assign(window.copyleaksImage, { blurPictures, rememberBox, setUpOpacity, textOf });

    blurPictures(remembered("blur") === "on");
}
