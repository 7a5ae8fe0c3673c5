// How the overlay is laid over the pictures of a page: its outline alone or filled, and how opaque. One choice for all
// stages of a page, and for the next page in this browser.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const { between, remember, remembered } = window.copyleaksImage;
    // In percent, by what is laid over the picture. A fill hides what is to be judged, so it starts faint.
    const USUAL = { fill: 15, heatmap: 50 };
    const LEAST = 5;
    const STEP = 5;

    const root = document.documentElement;
    let isFilled = remembered("fill") === "on";

    class Looks {
        #stage;
        #range;

        constructor(stage) {
            this.#stage = stage;
            this.#range = stage.querySelector(".copyleaks-opacity input");
            this.#range?.addEventListener("input", () => setOpacity(this.#layer, Number(this.#range.value)));
            stage.addEventListener("copyleaks-view", () => this.show());
        }

        // Show the choices on the stage, whose picture may be one that is filled only when it is asked for.
        show() {
            for (const layer of Object.keys(USUAL)) {
                root.style.setProperty(`--copyleaks-${layer}-opacity`, opacityOf(layer) / 100);
            }
            root.classList.toggle("copyleaks-filled", isFilled);
            this.#stage.querySelector("[data-act=fill]")?.setAttribute("aria-pressed", this.#isFilled);
            if (this.#range) {
                const percent = opacityOf(this.#layer);
                this.#range.value = percent;
                this.#stage.querySelector(".copyleaks-opacity output").textContent = `${percent} %`;
            }
        }

        // A picture that is marked nearly everywhere is filled for this once.
        toggleFill() {
            if (this.#isMarkedAllOver) {
                this.#stage.classList.toggle("copyleaks-filled-once");
            } else {
                isFilled = !isFilled;
                remember("fill", isFilled ? "on" : "off");
            }
            showAll();
        }

        // Change the opacity by so many steps, and let it be seen.
        changeOpacity(steps) {
            if (this.#layer === "fill" && !this.#isFilled) {
                this.toggleFill();
                return;
            }
            setOpacity(this.#layer, between(opacityOf(this.#layer) + steps * STEP, LEAST, 100));
        }

        get #layer() {
            return this.#stage.dataset.view === "heatmap" ? "heatmap" : "fill";
        }

        get #isFilled() {
            return this.#isMarkedAllOver ? this.#stage.classList.contains("copyleaks-filled-once") : isFilled;
        }

        get #isMarkedAllOver() {
            return this.#stage.querySelector(".copyleaks-all-over") !== null;
        }
    }

    const looks = new WeakMap();

    function looksOf(stage) {
        if (!looks.has(stage)) {
            looks.set(stage, new Looks(stage));
        }
        return looks.get(stage);
    }

    function showAll() {
        document.querySelectorAll("[data-copyleaks-stage]").forEach((stage) => looksOf(stage).show());
    }

    function opacityOf(layer) {
        const percent = Number(remembered(`${layer}-opacity`));
        return percent >= LEAST && percent <= 100 ? percent : USUAL[layer];
    }

    function setOpacity(layer, percent) {
        remember(`${layer}-opacity`, percent);
        showAll();
    }

    Object.assign(window.copyleaksImage, { looksOf });
}
