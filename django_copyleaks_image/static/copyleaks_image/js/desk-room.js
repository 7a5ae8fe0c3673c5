// The room that a picture has at the review desk: between what is above it and the bar, with its controls in sight.
"use strict";
{
    // CSS pixels between the controls and the bar.
    const GAP = 6;
    // A picture that has less height is given that of the admin's head as well.
    const ENOUGH = 320;

    // Words are of another length in every language, so the height of the lines around the picture is measured.
    class Room {
        #root;
        #bar;
        #stage = null;
        // Whether the head of the admin is scrolled away, once for each picture: who scrolls back is left alone.
        #isScrolled = false;
        #around = new ResizeObserver(() => this.#measure());

        constructor(root) {
            this.#root = root;
            this.#bar = root.querySelector(".copyleaks-bar");
            window.addEventListener("resize", () => this.#place());
        }

        // From then on it is measured for the picture of an article, or no more.
        give(article) {
            this.#around.disconnect();
            this.#stage = article?.querySelector(".copyleaks-stage") ?? null;
            if (this.#stage) {
                const lines = article.querySelectorAll(".copyleaks-headline, .copyleaks-stage-tools, .copyleaks-controls");
                for (const part of [this.#bar, this.#root.querySelector(".copyleaks-desk-head"), ...lines]) {
                    this.#around.observe(part);
                }
            }
            this.#place();
        }

        #place() {
            this.#isScrolled = false;
            this.#measure();
        }

        #measure() {
            const isTight = this.#roomInAll() < ENOUGH;
            // The page is then long enough to be scrolled, whatever comes into it.
            this.#root.classList.toggle("copyleaks-tight", isTight);
            if (isTight && !this.#isScrolled) {
                this.#root.style.scrollMarginBlockStart = `${this.#covered()}px`;
                this.#root.scrollIntoView();
                this.#isScrolled = true;
            }
        }

        // Give the height of what a theme keeps at the upper edge of the window, over whatever is scrolled.
        #covered() {
            const { left, width } = this.#root.getBoundingClientRect();
            let part = document.elementFromPoint(left + width / 2, 1);
            while (part && !["fixed", "sticky"].includes(getComputedStyle(part).position)) {
                part = part.parentElement;
            }
            const bottom = part && !this.#root.contains(part) ? part.getBoundingClientRect().bottom : 0;
            // More than that is no head, but something that lies over the whole page for a while.
            return bottom < window.innerHeight / 3 ? bottom : 0;
        }

        // Give the height that there is, and return that which there is without scrolling.
        #roomInAll() {
            // On a screen that is too low the bar lies below everything: see the style sheet.
            if (!this.#stage || getComputedStyle(this.#bar).position !== "sticky") {
                return Infinity;
            }
            const panes = this.#stage.querySelector(".copyleaks-panes").getBoundingClientRect();
            const controls = this.#stage.querySelector(".copyleaks-controls");
            // What enlarges the picture on a narrow screen; the rest comes into sight when the page is scrolled.
            const row = controls.querySelector(".copyleaks-zoom") ?? controls;
            const top = this.#root.getBoundingClientRect().top;
            const around = panes.top - top + row.getBoundingClientRect().bottom - panes.bottom + this.#bar.offsetHeight + GAP;
            const below = window.innerHeight - around - this.#covered();
            const room = window.innerHeight - around - (top + window.scrollY);
            this.#root.style.setProperty("--copyleaks-room", `${Math.floor(room < ENOUGH ? below : room)}px`);
            return room;
        }
    }

    window.copyleaksImage.Room = Room;
}
