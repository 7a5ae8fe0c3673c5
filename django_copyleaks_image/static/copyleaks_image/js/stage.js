// Pictures with what is marked on them: drawn on stages, and small in the forms of the project's own admin.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const { answerInWords, between, drawn, textOf } = window.copyleaksImage;
    // Narrower screens, in stage.css too, have the picture first and what enlarges it below.
    const NARROW = window.matchMedia("(max-width: 767px)");
    // A region that is smaller on the screen, in CSS pixels, gets a box of this size around it.
    const LOCATOR = 28;

    // Shows a picture in a frame that has its ratio, and that is larger than the pane when the picture is zoomed.
    class Pane {
        // The number of the region that is looked at, if any.
        current;

        #onResize;
        #lostOverlay = null;
        // Why the photo cannot be seen, in words; and whether it is still to come.
        problem = "";
        isWaiting = false;

        constructor(element, onResize) {
            this.element = element;
            this.#onResize = onResize ?? (() => this.place());
            this.frame = element.querySelector(".copyleaks-frame");
            if (!this.image("photo")) {
                this.problem = element.querySelector(".copyleaks-problem")?.textContent || this.#text("noPicture");
            }
            this.#shape();
            new ResizeObserver(() => this.#onResize()).observe(element);
        }

        // The sides of the upright picture in its own pixels, null as long as nothing tells them.
        get sides() {
            const { actualWidth, actualHeight, width, height } = this.frame.dataset;
            if (actualWidth) {
                return [Number(actualWidth), Number(actualHeight)];
            }
            const images = ["original", "photo", "heatmap"].map((name) => this.image(name));
            const image = images.find((it) => it?.naturalWidth);
            if (image) {
                return [image.naturalWidth, image.naturalHeight];
            }
            return width ? [Number(width), Number(height)] : null;
        }

        image(name) {
            return this.frame.querySelector(`.copyleaks-${name}`);
        }

        get isVisible() {
            return this.sides !== null && this.element.clientWidth > 0;
        }

        // The scale, in CSS pixels for a pixel of the picture, at which the whole of it is seen.
        get fit() {
            return Math.min(this.fitWidth, this.element.clientHeight / this.sides[1]);
        }

        get fitWidth() {
            return this.element.clientWidth / this.sides[0];
        }

        get isLargerThanPane() {
            return this.width > this.element.clientWidth + 1 || this.height > this.element.clientHeight + 1;
        }

        get middle() {
            return [this.element.clientWidth / 2, this.element.clientHeight / 2];
        }

        // The point of the picture, in shares of its sides, at a place in the pane.
        pointAt([across, down]) {
            return [(across - this.left) / this.width, (down - this.top) / this.height];
        }

        // Bring a point of the picture to the middle of the pane, or as near to it as the picture's edges allow.
        // Sizes are set instead of a transformation, which would scale lines and boxes as well.
        place(scale, [x, y] = [0.5, 0.5]) {
            if (!this.isVisible) {
                return;
            }
            const [width, height] = this.sides.map((side) => side * (scale ?? this.fit));
            const { clientWidth, clientHeight } = this.element;
            const start = (inner, outer, at) =>
                inner <= outer ? (outer - inner) / 2 : between(outer / 2 - at * inner, outer - inner, 0);
            Object.assign(this, { width, height, left: start(width, clientWidth, x), top: start(height, clientHeight, y) });
            for (const name of ["width", "height", "left", "top"]) {
                this.frame.style.setProperty(name, `${this[name]}px`);
            }
            this.#drawBoxes();
        }

        // The marked regions, the largest first: centre and size in shares of the picture's sides.
        get regions() {
            const { boxes, width, height } = this.frame.dataset;
            return (boxes ? boxes.split(" ") : []).map((box) => {
                const [x, y, across, down] = box.split(",").map(Number);
                return { x: (x + across / 2) / width, y: (y + down / 2) / height, width: across / width, height: down / height };
            });
        }

        // Wait until the pictures can be painted, or have failed, which is then said in words. Never rejects. What has
        // "arrived" may be no more than a sign that the picture is still being drawn.
        load() {
            const [photo, edge, heatmap] = ["photo", "edge", "heatmap"].map((name) => this.image(name));
            const heatmapFailed = () => this.#explain(this.#text("heatmapFailed"));
            heatmap?.addEventListener("load", () => {
                this.#shape();
                drawn(heatmap).catch(heatmapFailed);
            });
            heatmap?.addEventListener("error", heatmapFailed);
            this.arrived = Promise.all([photo && this.#loadPhoto(photo), edge && this.#loadOverlay(edge)]);
            return this.arrived.then(() => photo?.isConnected && this.#awaitDrawn(photo));
        }

        // Set by script: a style attribute would break a strict Content-Security-Policy. The address is made
        // absolute, because the style sheet that uses it may come from another host.
        drawMask(overlay) {
            this.frame.style.setProperty("--mask", `url(${JSON.stringify(new URL(overlay, document.baseURI).href)})`);
        }

        #shape() {
            if (this.sides) {
                this.element.style.setProperty("--ratio", this.sides[0] / this.sides[1]);
                this.element.classList.add("copyleaks-sized");
            }
        }

        #drawBoxes() {
            this.image("boxes")?.replaceChildren();
            // On paper the frame has another size.
            this.image("boxes")?.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
            this.regions.forEach((region, index) => {
                const [width, height] = [region.width * this.width, region.height * this.height];
                if (Math.max(width, height) < LOCATOR) {
                    this.#drawBox(region, LOCATOR, LOCATOR);
                } else if (index === this.current) {
                    this.#drawBox(region, width + LOCATOR, height + LOCATOR);
                }
            });
        }

        #drawBox(region, across, down) {
            const width = Math.min(across, this.width - 4);
            const height = Math.min(down, this.height - 4);
            const x = between(region.x * this.width - width / 2, 2, this.width - width - 2);
            const y = between(region.y * this.height - height / 2, 2, this.height - height - 2);
            for (const name of ["copyleaks-ground", "copyleaks-dashes"]) {
                const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
                for (const [attribute, value] of Object.entries({ x, y, width, height, class: name })) {
                    rect.setAttribute(attribute, value);
                }
                this.image("boxes").append(rect);
            }
        }

        // Load once more what has not come, or could not be shown.
        reload() {
            const { again, alt } = this.frame.dataset;
            const photo = this.image("photo") ?? Object.assign(new Image(), { className: "copyleaks-photo", alt });
            photo.src = `${again}?again=${Date.now()}`;
            this.frame.prepend(photo);
            this.#explain("");
            if (this.#lostOverlay) {
                this.frame.append(this.#lostOverlay);
                this.image("edge").src = `${this.frame.dataset.overlay}?again=${Date.now()}`;
                this.#lostOverlay = null;
            }
            return this.load();
        }

        async #loadPhoto(photo) {
            const wait = this.element.querySelector(".copyleaks-wait");
            wait.hidden = false;
            this.#tell({ problem: "", isWaiting: true });
            try {
                await photo.decode();
                this.#shape();
            } catch {
                await this.#giveUp(photo);
            }
            wait.hidden = true;
            // The pane may have had its size before the picture came.
            this.#onResize();
        }

        // What has come may be a sign that the picture is still being drawn.
        async #awaitDrawn(photo) {
            try {
                await drawn(photo);
                this.#shape();
                this.#tell({ isWaiting: false });
            } catch {
                await this.#giveUp(photo);
            }
        }

        // The answer that is no picture says why.
        async #giveUp(photo) {
            const problem = (await answerInWords(photo.src)) || this.#text("pictureFailed") || photo.alt;
            photo.remove();
            this.#explain(problem);
            this.#tell({ problem, isWaiting: false });
        }

        // Whether the photo can be seen has changed.
        #tell(sight) {
            Object.assign(this, sight);
            this.element.dispatchEvent(new CustomEvent("copyleaks-sight", { bubbles: true }));
        }

        async #loadOverlay(edge) {
            this.drawMask(this.frame.dataset.overlay);
            try {
                await edge.decode();
            } catch {
                this.#explain(this.#text("overlayFailed"));
                this.#lostOverlay = edge.parentElement;
                this.#lostOverlay.remove();
            }
        }

        #explain(words) {
            const problem = this.element.querySelector(".copyleaks-problem");
            problem.textContent = words;
            problem.hidden = !words;
        }

        #text(name) {
            return textOf(this.element.closest("[data-copyleaks-stage]"), name);
        }
    }

    // Moved about in the document, so that the focus goes from one control to the next as they are seen.
    function placeZoom(stage) {
        const zoom = stage.querySelector(".copyleaks-zoom");
        if (!zoom) {
            return;
        }
        const focused = zoom.contains(document.activeElement) ? document.activeElement : null;
        if (NARROW.matches) {
            stage.querySelector(".copyleaks-controls").prepend(zoom);
        } else {
            stage.querySelector(".copyleaks-stage-tools").append(zoom);
        }
        focused?.focus({ preventScroll: true });
    }

    // One filter draws the outlines of all pictures; it must not be in a part that is hidden or taken away.
    function shareOutline() {
        const [first, ...others] = document.querySelectorAll(".copyleaks-definitions");
        others.forEach((definitions) => definitions.remove());
        if (first && first.parentElement !== document.body) {
            document.body.append(first);
        }
    }

    Object.assign(window.copyleaksImage, {
        Pane, placeZoom, shareOutline,
    });

    shareOutline();
    NARROW.addEventListener("change", () => document.querySelectorAll("[data-copyleaks-stage]").forEach(placeZoom));
    for (const element of document.querySelectorAll(".copyleaks-pane")) {
        if (!element.closest("[data-copyleaks-stage]")) {
            new Pane(element).load();
        }
    }
}
