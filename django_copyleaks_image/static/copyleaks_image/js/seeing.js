// Whether the picture of a stage is seen: it may not have come yet, be blurred, or be no picture that can be shown.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const { textOf } = window.copyleaksImage;

    // Those who had pictures blurred see one of them when they point at it or work on it, for as long as they do, and until
    // the next one when they ask for it.
    class Seeing {
        #stage;
        #pane;

        constructor(stage, pane) {
            this.#stage = stage;
            this.#pane = pane;
            // The button that asks for the picture must not vanish before it is pressed.
            stage.addEventListener("focusin", ({ target }) => target.matches(".copyleaks-reveal") || this.#peek(true));
            stage.addEventListener("focusout", (event) => this.#peek(stage.contains(event.relatedTarget)));
            stage.addEventListener("copyleaks-view", () => this.#tell());
            this.follow(pane);
        }

        // A pane that shows the picture once more.
        follow({ element }) {
            element.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && this.#peek(true));
            element.addEventListener("pointerleave", () => this.#peek(this.#stage.contains(document.activeElement)));
            element.addEventListener("click", (event) => {
                if (this.#isBlurring && !event.target.closest("button, input")) {
                    this.reveal(true);
                }
            });
        }

        // Why the picture is not seen, in words, empty when it is.
        get obstacle() {
            const { problem, isWaiting } = this.#pane;
            const name =
                (isWaiting && "waiting") ||
                (this.#isBlurring && !this.#stage.matches(".copyleaks-revealed, .copyleaks-peeked") && "blurred") ||
                (this.#stage.dataset.view === "mask" && "onlyMask");
            return problem || (name ? textOf(this.#stage, name) : "");
        }

        get isWaiting() {
            return this.#pane.isWaiting;
        }

        // Return whether anything is blurred here at all.
        reveal(shown = !this.#stage.matches(".copyleaks-revealed")) {
            if (!this.#isBlurring) {
                return false;
            }
            this.#stage.classList.toggle("copyleaks-revealed", shown);
            this.#tell();
            return true;
        }

        get #isBlurring() {
            return document.documentElement.matches(".copyleaks-blurred");
        }

        #peek(shown) {
            this.#stage.classList.toggle("copyleaks-peeked", shown);
            this.#tell();
        }

        #tell() {
            this.#stage.dispatchEvent(new CustomEvent("copyleaks-sight", { bubbles: true }));
        }
    }

    Object.assign(window.copyleaksImage, { Seeing });
}
