// The divider of the view "swipe": the overlay on its left, the plain picture on its right.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const { textOf } = window.copyleaksImage;
    // The width of the thumb in CSS pixels, as in stage.css.
    const THUMB = 44;

    class Divider {
        #pane;
        #input = document.createElement("input");

        constructor(pane, stage) {
            this.#pane = pane;
            const attributes = { type: "range", min: 0, max: 100, step: "any", class: "copyleaks-swipe" };
            for (const [name, value] of Object.entries({ ...attributes, "aria-label": textOf(stage, "divider") })) {
                this.#input.setAttribute(name, value);
            }
            this.#input.addEventListener("input", () => this.place());
            pane.element.append(this.#input);
        }

        // The thumb travels the width of the input less its own. The input is wider by one thumb than what is seen of
        // the picture, so that the centre of the thumb is the divider.
        place() {
            if (!this.#pane.isVisible) {
                return;
            }
            const { element, frame, left, width } = this.#pane;
            const from = Math.max(left, 0);
            const seen = Math.min(left + width, element.clientWidth) - from;
            const divider = from + (seen * this.#input.value) / 100;
            this.#input.setAttribute("aria-valuetext", `${Math.round(this.#input.value)} %`);
            this.#input.style.setProperty("left", `${from - THUMB / 2}px`);
            this.#input.style.setProperty("width", `${seen + THUMB}px`);
            element.style.setProperty("--divider", `${divider}px`);
            frame.style.setProperty("--divider-in-frame", `${divider - left}px`);
        }
    }

    Object.assign(window.copyleaksImage, { Divider });
}
