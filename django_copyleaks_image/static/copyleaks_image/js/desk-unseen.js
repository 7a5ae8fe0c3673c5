// What stands beside the decisions while a picture is not seen, and what asks once more before it is decided all the same.
"use strict";
{
    // Milliseconds for which a picture that is loading is nothing to talk about.
    const SOON = 400;

    class Unseen {
        #notice;
        #dialog;
        #timer = null;

        constructor(root) {
            this.#notice = root.querySelector(".copyleaks-unseen");
            this.#dialog = root.querySelector("[data-unseen-dialog]");
            this.#notice.querySelector("[data-unseen]").addEventListener("click", () => this.#dialog.showModal());
            // Before the button does what it stands for, which may need the focus elsewhere.
            this.#dialog.addEventListener("click", ({ target }) => target.closest("button") && this.#dialog.close(), true);
        }

        // Say why the picture of an item is not seen; nothing when it is.
        show(why, item) {
            clearTimeout(this.#timer);
            this.#notice.querySelector("p").textContent = why;
            this.#dialog.querySelector("[data-why]").textContent = why;
            this.#notice.querySelector("[data-load-again]").hidden = !item?.canReload;
            if (why && item.isWaiting && this.#notice.hidden) {
                this.#timer = setTimeout(() => (this.#notice.hidden = false), SOON);
            } else {
                this.#notice.hidden = !why;
            }
            if (!why) {
                this.#dialog.close();
            }
        }
    }

    window.copyleaksImage.Unseen = Unseen;
}
