// The controls of the stage: views, zoom and regions of one picture.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const { Pane, answerInWords, between, drawn, followGestures, placeZoom, setUpOpacity, shareOutline, textOf } =
        window.copyleaksImage;

    const VIEWS = ["original", "overlay", "mask", "side-by-side", "swipe", "heatmap"];
    // How much larger a step of the zoom makes the picture, and the share of the pane by which a step moves it.
    const STEP = 1.5;
    const MOVE = 0.15;
    // The share of the pane that the next region is brought to fill.
    const PROMINENT = 1 / 3;
    // The largest scale: so many times the one that fits, or so many CSS pixels for a pixel of the picture.
    const MOST_TIMES = 8;
    const MOST_PIXELS = 4;
    // The width of the divider's thumb in CSS pixels, as in stage.css.
    const THUMB = 44;

    class Stage {
        // Keeps when photo and overlay are decoded, or have failed.
        ready;
        #element;
        #panes;
        #swipe = null;
        // What is looked at: null is the scale at which the whole picture is seen; the centre in shares of its sides.
        #scale = null;
        #centre = [0.5, 0.5];
        #original = null;
        #isSharp = false;
        #actions = {
            "hide-overlay": () => this.#hideOverlay(true),
            "show-overlay": () => this.#hideOverlay(false),
            "next-region": () => this.#showNextRegion(),
            "actual-size": () => this.#toggleActualSize(),
            "zoom-in": () => this.#zoom(this.#shownScale * STEP),
            "zoom-out": () => this.#zoom(this.#shownScale / STEP),
            "pan-left": () => this.#move(-MOVE, 0),
            "pan-right": () => this.#move(MOVE, 0),
            "pan-up": () => this.#move(0, -MOVE),
            "pan-down": () => this.#move(0, MOVE),
        };

        constructor(element) {
            this.#element = element;
            this.#panes = [this.#watch(element.querySelector(".copyleaks-pane"))];
            for (const button of element.querySelectorAll("[data-act]")) {
                button.addEventListener("click", () => this.act(button.dataset.act));
            }
            for (const part of element.querySelectorAll("[data-scripted]")) {
                part.hidden = false;
            }
            this.#show(element.dataset.view);
            this.ready = this.#main.load().then(() => this.#place());
        }

        // Do what a button or key stands for; return false when that is nothing now.
        act(name) {
            if (VIEWS.includes(name)) {
                return this.#element.querySelector(`.copyleaks-views [data-act="${name}"]`) !== null && this.#show(name);
            }
            const isPossible = this.#main.isVisible || name === "show-overlay";
            return isPossible && Object.hasOwn(this.#actions, name) && this.#actions[name]();
        }

        get #main() {
            return this.#panes[0];
        }

        get #shownScale() {
            return this.#scale ?? this.#main.fit;
        }

        get #isActualSize() {
            return this.#scale !== null && Math.abs(this.#scale - 1) < 0.001;
        }

        // Return the pane of an element, in which wheel, pointers and arrow keys then move and enlarge the picture.
        #watch(element) {
            const pane = new Pane(element, () => this.#place());
            followGestures(pane, {
                drag: (across, down) => this.#drag(across, down),
                zoom: (factor, place) => this.#zoom(this.#shownScale * factor, pane, place),
                move: (direction) => this.act(`pan-${direction}`),
            });
            return pane;
        }

        #place() {
            for (const pane of this.#panes) {
                pane.place(this.#scale, this.#centre);
                this.#allowMoving(pane);
            }
            this.#element.querySelector("[data-act=actual-size]")?.setAttribute("aria-pressed", this.#isActualSize);
            this.#placeDivider();
        }

        // A picture that is larger than its pane can be focused and moved with the arrow keys, even when single keys
        // are switched off.
        #allowMoving({ element, isLargerThanPane }) {
            element.classList.toggle("copyleaks-movable", isLargerThanPane);
            if (isLargerThanPane) {
                element.tabIndex = 0;
                element.setAttribute("role", "group");
                element.setAttribute("aria-label", textOf(this.#element, "movable"));
            } else {
                ["tabindex", "role", "aria-label"].forEach((name) => element.removeAttribute(name));
            }
        }

        // Views

        #show(view) {
            this.#element.dataset.view = view;
            for (const button of this.#element.querySelectorAll(".copyleaks-views [data-act]")) {
                button.setAttribute("aria-pressed", button.dataset.act === view);
            }
            if (view === "side-by-side" && this.#panes.length === 1) {
                this.#addPlainPane();
            }
            if (view === "swipe" && !this.#swipe) {
                this.#addDivider();
            }
            this.#place();
            return true;
        }

        #addPlainPane() {
            const { element, frame } = this.#main;
            const plain = element.cloneNode();
            const plainFrame = frame.cloneNode();
            plain.classList.add("copyleaks-plain");
            plainFrame.dataset.boxes = "";
            plainFrame.append(...[...frame.querySelectorAll(".copyleaks-photo")].map((image) => image.cloneNode()));
            // It is the picture that was described already.
            plainFrame.querySelectorAll("img").forEach((image) => (image.alt = ""));
            plain.append(plainFrame);
            element.after(plain);
            this.#panes.push(this.#watch(plain));
        }

        #addDivider() {
            this.#swipe = document.createElement("input");
            const attributes = { type: "range", min: 0, max: 100, step: "any", class: "copyleaks-swipe" };
            for (const [name, value] of Object.entries({ ...attributes, "aria-label": textOf(this.#element, "divider") })) {
                this.#swipe.setAttribute(name, value);
            }
            this.#swipe.addEventListener("input", () => this.#placeDivider());
            this.#main.element.append(this.#swipe);
        }

        // The thumb travels the width of the input less its own. The input is wider by one thumb than what is seen of
        // the picture, so that the centre of the thumb is the divider.
        #placeDivider() {
            if (this.#element.dataset.view !== "swipe" || !this.#main.isVisible) {
                return;
            }
            const { element, frame, left, width } = this.#main;
            const from = Math.max(left, 0);
            const seen = Math.min(left + width, element.clientWidth) - from;
            const divider = from + (seen * this.#swipe.value) / 100;
            this.#swipe.setAttribute("aria-valuetext", `${Math.round(this.#swipe.value)} %`);
            this.#swipe.style.setProperty("left", `${from - THUMB / 2}px`);
            this.#swipe.style.setProperty("width", `${seen + THUMB}px`);
            element.style.setProperty("--divider", `${divider}px`);
            frame.style.setProperty("--divider-in-frame", `${divider - left}px`);
        }

        #hideOverlay(hidden) {
            this.#element.classList.toggle("copyleaks-overlay-hidden", hidden);
            return true;
        }

        // Zooming and moving

        #look(scale, centre) {
            this.#scale = scale;
            this.#centre = centre;
            this.#place();
            this.#sharpenOverlay();
            return true;
        }

        // Zoom to a scale; what is at a place of the pane stays there.
        #zoom(scale, pane = this.#main, place = pane.middle) {
            const wanted = between(scale, Math.min(pane.fit, 1), Math.max(pane.fit * MOST_TIMES, MOST_PIXELS));
            const centre = pane
                .pointAt(place)
                .map((share, side) => share + (pane.middle[side] - place[side]) / (pane.sides[side] * wanted));
            this.#look(Math.abs(wanted / pane.fit - 1) < 0.01 ? null : wanted, centre);
            this.#say("zoom", { percent: Math.round(this.#shownScale * 100) });
            return true;
        }

        // Move what is looked at by shares of the pane, across and down.
        #move(across, down) {
            const { clientWidth, clientHeight } = this.#main.element;
            return this.#drag(-across * clientWidth, -down * clientHeight);
        }

        #drag(across, down) {
            if (!this.#main.isLargerThanPane) {
                return false;
            }
            const [x, y] = this.#main.middle;
            return this.#look(this.#scale, this.#main.pointAt([x - across, y - down]));
        }

        // Original pixels

        #toggleActualSize() {
            if (this.#isActualSize) {
                return this.#look(null, [0.5, 0.5]);
            }
            this.#look(1, this.#main.pointAt(this.#main.middle));
            this.#loadOriginal();
            return true;
        }

        // The original is asked for once, and laid over the smaller copy when it can be painted.
        async #loadOriginal() {
            const address = this.#main.frame.dataset.original;
            if (!address || this.#original) {
                return;
            }
            const original = Object.assign(new Image(), { className: "copyleaks-photo copyleaks-original", alt: "", src: address });
            this.#original = original;
            this.#say("loading");
            try {
                await original.decode();
                await drawn(original, () => this.#element.isConnected);
            } catch {
                this.#original = null;
                this.#say("originalFailed", {}, await answerInWords(address));
                return;
            }
            for (const pane of this.#panes) {
                pane.image("photo")?.after(pane === this.#main ? original : original.cloneNode());
            }
            this.#place();
            this.#say("actualSize");
        }

        // Enlarged, the overlay would blur: one with all pixels of the picture takes its place.
        async #sharpenOverlay() {
            const edge = this.#main.image("edge");
            if (!edge || this.#isSharp || this.#main.width <= edge.naturalWidth) {
                return;
            }
            this.#isSharp = true;
            const sharp = edge.cloneNode();
            sharp.src = this.#main.frame.dataset.fullOverlay;
            try {
                await sharp.decode();
                edge.replaceWith(sharp);
                this.#main.drawMask(sharp.src);
            } catch {
                // What is shown already is right, only coarser.
            }
        }

        // Regions

        #showNextRegion() {
            const pane = this.#main;
            const { regions, fit } = pane;
            if (!regions.length) {
                return false;
            }
            if (this.#element.dataset.view === "heatmap") {
                this.#show("overlay");
            }
            pane.current = ((pane.current ?? -1) + 1) % regions.length;
            const { x, y, width, height } = regions[pane.current];
            const [across, down] = pane.sides;
            const { clientWidth, clientHeight } = pane.element;
            const prominent = PROMINENT * Math.min(clientWidth / (width * across), clientHeight / (height * down));
            this.#look(between(prominent, fit, fit * MOST_TIMES), [x, y]);
            this.#say("region", { number: pane.current + 1, total: regions.length });
            return true;
        }

        #say(name, values = {}, words = "") {
            const status = this.#element.querySelector(".copyleaks-status");
            status.textContent = words || textOf(this.#element, name, values);
        }
    }

    const stages = new WeakMap();

    // Return the controller of a stage, which is set up on the first call.
    function setUpStage(element) {
        if (!stages.has(element)) {
            shareOutline();
            setUpOpacity(element);
            placeZoom(element);
            stages.set(element, new Stage(element));
        }
        return stages.get(element);
    }

    Object.assign(window.copyleaksImage, { setUpStage });

    document.querySelectorAll("[data-copyleaks-stage]").forEach(setUpStage);
}
