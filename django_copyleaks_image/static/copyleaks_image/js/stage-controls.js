// The controls of the stage: views, zoom and regions of one picture.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const {
        Divider, Pane, Seeing, answerInWords, between, drawn, followGestures, looksOf, placeZoom, remember, remembered,
        shareOutline, textOf, toggleGrey,
    } = window.copyleaksImage;

    const VIEWS = ["original", "outline", "mask", "side-by-side", "swipe", "heatmap"];
    // A view without the picture would be the first one of the next picture.
    const NEVER_FIRST = "mask";
    // What a picture is shown at before somebody zooms: the whole of it, its width, or its own pixels.
    const SIZES = {
        fit: (pane) => pane.fit,
        "fit-width": (pane) => pane.fitWidth,
        "actual-size": () => 1,
    };
    // How much larger a step of the zoom makes the picture, and the share of the pane by which a step moves it.
    const STEP = 1.5;
    const MOVE = 0.15;
    // The share of the pane that the next region is brought to fill.
    const PROMINENT = 0.8;
    // The largest scale: so many times the one that fits, or so many CSS pixels for a pixel of the picture.
    const MOST_TIMES = 8;
    const MOST_PIXELS = 4;
    // What needs to know how large the picture is.
    const NEEDS_SIZE = /^(zoom|pan|fit|actual|next)-?/;
    // What is looked at where the picture does not tell: its middle, in shares of its sides.
    const MIDDLE = [0.5, 0.5];

    class Stage {
        // Keeps when photo and overlay are decoded, or have failed.
        ready;
        #seeing;
        #element;
        #panes;
        #divider = null;
        // What is looked at: a scale that somebody chose for this picture, or null for the usual size; the centre in shares
        // of the picture's sides, and whether that is the region which was shown last.
        #scale = null;
        #centre = MIDDLE;
        #isAtRegion = false;
        #original = null;
        #isSharp = false;
        #size = remembered("size", "fit");
        #actions = {
            "hide-overlay": () => this.#hideOverlay(true),
            "show-overlay": () => this.#hideOverlay(false),
            "toggle-overlay": () => this.#hideOverlay(true) || this.#hideOverlay(false),
            fill: () => this.#fill(),
            reveal: () => this.#seeing.reveal(),
            grey: () => toggleGrey() ?? true,
            "more-opaque": () => this.#changeOpacity(1),
            "less-opaque": () => this.#changeOpacity(-1),
            "next-region": () => this.#showNextRegion(),
            fit: () => this.#chooseSize("fit"),
            "fit-width": () => this.#chooseSize("fit-width"),
            "actual-size": () => this.#chooseSize(this.#isActualSize ? "fit" : "actual-size"),
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
            this.#seeing = new Seeing(element, this.#main);
            this.#size = Object.hasOwn(SIZES, this.#size) ? this.#size : "fit";
            this.#centre = this.#usualCentre(this.#size);
            for (const button of element.querySelectorAll("[data-act]")) {
                button.addEventListener("click", () => this.act(button.dataset.act));
            }
            for (const part of element.querySelectorAll("[data-scripted]")) {
                part.hidden = false;
            }
            const chosen = remembered("view");
            this.#show(this.#has(chosen) ? chosen : element.dataset.view);
            this.ready = this.#main.load().then(() => this.#place());
        }

        // Do what a button or key stands for; return false when that is nothing now.
        act(name) {
            if (VIEWS.includes(name)) {
                return this.#has(name) && this.#choose(name);
            }
            const isPossible = this.#main.isVisible || !NEEDS_SIZE.test(name);
            return isPossible && Object.hasOwn(this.#actions, name) && this.#actions[name]();
        }

        // Kept when the pictures have arrived, be it as signs that they are still being drawn, or have failed.
        get arrived() {
            return this.#main.arrived;
        }

        // Why the picture is not seen, in words, empty when it is. An event "copyleaks-sight" tells that it may have changed.
        get obstacle() {
            return this.#seeing.obstacle;
        }

        get isWaiting() {
            return this.#seeing.isWaiting;
        }

        // Whether there is an address from which the picture may come after all.
        get canReload() {
            return Boolean(this.#main.frame.dataset.again);
        }

        async reload() {
            this.#say("waiting");
            await this.#main.reload();
            if (this.#element.dataset.view === "mask" && this.#main.image("photo") && !this.#has("outline")) {
                this.#show("outline");
            }
            this.#place();
            this.#say("nothing");
        }

        // The picture is looked at from now on, and not only kept ready.
        enter() {
            if (this.#size === "actual-size") {
                this.#loadOriginal();
            }
        }

        get #main() {
            return this.#panes[0];
        }

        get #shownScale() {
            return this.#scaleOf(this.#main);
        }

        #scaleOf(pane) {
            return this.#scale ?? SIZES[this.#size](pane);
        }

        get #isActualSize() {
            return Math.abs(this.#shownScale - 1) < 0.001;
        }

        // Return the pane of an element, in which wheel, pointers and arrow keys then move and enlarge the picture.
        #watch(element) {
            const pane = new Pane(element, () => this.#place());
            followGestures(pane, {
                drag: (across, down) => this.#drag(across, down),
                zoom: (factor, place) => this.#zoom(this.#shownScale * factor, pane, place),
                look: (place) => this.#lookCloser(pane, place),
                move: (direction) => this.act(`pan-${direction}`),
            });
            return pane;
        }

        #place() {
            for (const pane of this.#panes.filter((it) => it.isVisible)) {
                pane.place(this.#scaleOf(pane), this.#centre);
                this.#allowMoving(pane);
            }
            for (const size of Object.keys(SIZES)) {
                const isShown = size === "actual-size" ? this.#main.isVisible && this.#isActualSize : this.#isAt(size);
                this.#element.querySelector(`[data-act=${size}]`)?.setAttribute("aria-pressed", isShown);
            }
            this.#placeDivider();
        }

        #isAt(size) {
            return this.#scale === null && this.#size === size;
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

        #has(view) {
            return this.#element.querySelector(`.copyleaks-views [data-act="${view}"]`) !== null;
        }

        #choose(view) {
            if (view !== NEVER_FIRST) {
                remember("view", view);
            }
            return this.#show(view);
        }

        #show(view) {
            this.#element.dataset.view = view;
            for (const button of this.#element.querySelectorAll(".copyleaks-views [data-act]")) {
                button.setAttribute("aria-pressed", button.dataset.act === view);
            }
            if (view === "side-by-side" && this.#panes.length === 1) {
                this.#addPlainPane();
            }
            this.#place();
            this.#element.dispatchEvent(new CustomEvent("copyleaks-view"));
            return true;
        }

        #addPlainPane() {
            const { element, frame } = this.#main;
            const plain = element.cloneNode();
            const plainFrame = frame.cloneNode();
            plain.classList.add("copyleaks-plain");
            plainFrame.classList.remove("copyleaks-all-over");
            plainFrame.dataset.boxes = "";
            plainFrame.append(...[...frame.querySelectorAll(".copyleaks-photo")].map((image) => image.cloneNode()));
            // It is the picture that was described already.
            plainFrame.querySelectorAll("img").forEach((image) => (image.alt = ""));
            plain.append(plainFrame);
            element.after(plain);
            this.#panes.push(this.#watch(plain));
            this.#seeing.follow(this.#panes[1]);
        }

        #placeDivider() {
            if (this.#element.dataset.view === "swipe") {
                this.#divider ??= new Divider(this.#main, this.#element);
                this.#divider.place();
            }
        }

        // What is laid over the picture

        #hideOverlay(hidden) {
            const wasHidden = this.#element.classList.contains("copyleaks-overlay-hidden");
            this.#element.classList.toggle("copyleaks-overlay-hidden", hidden);
            this.#element.querySelector("[data-act=toggle-overlay]")?.setAttribute("aria-pressed", hidden);
            return wasHidden !== hidden;
        }

        // A view without the overlay gives way to the one with it.
        #fill() {
            if (!this.#main.image("edge")) {
                return false;
            }
            const shows = ["outline", "side-by-side", "swipe"].includes(this.#element.dataset.view);
            if (!shows && this.#has("outline")) {
                this.#choose("outline");
            }
            this.#hideOverlay(false);
            looksOf(this.#element).toggleFill();
            return true;
        }

        #changeOpacity(steps) {
            looksOf(this.#element).changeOpacity(steps);
            return true;
        }

        // Zooming and moving

        #look(scale, centre) {
            this.#scale = scale;
            this.#centre = centre;
            this.#isAtRegion = false;
            this.#place();
            this.#sharpenOverlay();
            return true;
        }

        // Zoom to a scale; what is at a place of the pane stays there.
        #zoom(scale, pane = this.#main, place = pane.middle) {
            const wanted = between(scale, Math.min(pane.fit, 1), this.#largest(pane));
            const isUnchanged = Math.abs(wanted / this.#shownScale - 1) < 0.001;
            const centre = pane
                .pointAt(place)
                .map((share, side) => share + (pane.middle[side] - place[side]) / (pane.sides[side] * wanted));
            const isUsual = Math.abs(wanted / SIZES[this.#size](pane) - 1) < 0.01;
            this.#look(isUsual ? null : wanted, centre);
            this.#say("zoom", { percent: Math.round(this.#shownScale * 100) });
            return !isUnchanged;
        }

        #largest(pane) {
            return Math.max(pane.fit * MOST_TIMES, MOST_PIXELS);
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

        // Sizes, which are kept for the next picture

        #chooseSize(size) {
            const centre = size === "actual-size" ? this.#lookedAt : this.#usualCentre(size);
            this.#size = size;
            remember("size", size);
            this.#look(null, centre);
            if (size === "actual-size") {
                this.#loadOriginal();
            }
            return true;
        }

        // Original pixels are looked at where something is marked, a tall picture from its top.
        #usualCentre(size) {
            const [largest] = this.#main.regions;
            if (size === "actual-size" && largest) {
                return [largest.x, largest.y];
            }
            return size === "fit-width" ? [0.5, 0] : MIDDLE;
        }

        // The region that was shown last, or the largest of a picture that is seen as a whole, else what is in the middle.
        get #lookedAt() {
            if (this.#isAtRegion) {
                return this.#centre;
            }
            return this.#main.isLargerThanPane
                ? this.#main.pointAt(this.#main.middle)
                : this.#usualCentre("actual-size");
        }

        // A double click goes to the original pixels of a place, and back to the whole picture.
        #lookCloser(pane, place) {
            if (this.#shownScale > pane.fit * 1.01) {
                this.#look(this.#size === "fit" ? null : pane.fit, MIDDLE);
                return;
            }
            const closer = Math.max(1, pane.fit * STEP);
            this.#zoom(closer, pane, place);
            if (closer === 1) {
                this.#loadOriginal();
            }
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
            if (["heatmap", "original"].includes(this.#element.dataset.view) && this.#has("outline")) {
                this.#show("outline");
            }
            pane.current = ((pane.current ?? -1) + 1) % regions.length;
            const { x, y, width, height } = regions[pane.current];
            const [across, down] = pane.sides;
            const { clientWidth, clientHeight } = pane.element;
            const prominent = PROMINENT * Math.min(clientWidth / (width * across), clientHeight / (height * down));
            this.#look(between(prominent, fit, this.#largest(pane)), [x, y]);
            this.#isAtRegion = true;
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
            placeZoom(element);
            looksOf(element).show();
            stages.set(element, new Stage(element));
        }
        return stages.get(element);
    }

    Object.assign(window.copyleaksImage, { setUpStage });

    document.querySelectorAll("[data-copyleaks-stage]").forEach((element) => setUpStage(element).enter());
}
