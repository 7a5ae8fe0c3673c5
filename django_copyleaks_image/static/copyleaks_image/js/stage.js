// Pictures with what is marked on them: drawn on stages, and small in the forms of the project's own admin.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    const { answerInWords, drawn, textOf } = window.copyleaksImage;
    // Narrower screens, in stage.css too, have the picture first and what enlarges it below.
    const NARROW = window.matchMedia("(max-width: 767px)");
    // A region that is smaller on the screen, in CSS pixels, gets a box of this size around it.
    const LOCATOR = 28;

    const between = (value, low, high) => Math.min(Math.max(value, low), high);

    // Shows a picture in a frame that has its ratio, and that is larger than the pane when the picture is zoomed.
    class Pane {
        // The number of the region that is looked at, if any.
        current;

        constructor(element, onResize) {
            this.element = element;
            this.frame = element.querySelector(".copyleaks-frame");
            this.#shape();
            new ResizeObserver(onResize ?? (() => this.place())).observe(element);
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
            const [width, height] = this.sides;
            return Math.min(this.element.clientWidth / width, this.element.clientHeight / height);
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
        place(scale = null, [x, y] = [0.5, 0.5]) {
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

        // Wait until the pictures can be painted, or have failed, which is then said in words. Never rejects.
        async load() {
            const [photo, edge, heatmap] = ["photo", "edge", "heatmap"].map((name) => this.image(name));
            const heatmapFailed = () => this.#explain(this.#text("heatmapFailed"));
            heatmap?.addEventListener("load", () => {
                this.#shape();
                drawn(heatmap).catch(heatmapFailed);
            });
            heatmap?.addEventListener("error", heatmapFailed);
            await Promise.all([photo && this.#loadPhoto(photo), edge && this.#loadOverlay(edge)]);
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

        async #loadPhoto(photo) {
            try {
                await photo.decode();
                this.#shape();
                await drawn(photo);
                this.#shape();
            } catch {
                // The answer that is no picture says why.
                this.#explain((await answerInWords(photo.src)) || this.#text("pictureFailed") || photo.alt);
                photo.remove();
            }
        }

        async #loadOverlay(edge) {
            this.drawMask(this.frame.dataset.overlay);
            try {
                await edge.decode();
            } catch {
                this.#explain(this.#text("overlayFailed"));
                edge.parentElement.remove();
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

    // Call drag(across, down) in CSS pixels, zoom(factor, place) about a place in the pane, and move(direction), which
    // tells whether there was anything to move.
    function followGestures(pane, { drag, zoom, move }) {
        const pointers = new Map();
        const on = (name, react, options) =>
            pane.element.addEventListener(name, (event) => pane.isVisible && react(event), options);

        on("wheel", onWheel, { passive: false });
        on("pointerdown", onPointerDown);
        on("pointermove", onPointerMove);
        on("pointerup", (event) => pointers.delete(event.pointerId));
        on("pointercancel", (event) => pointers.delete(event.pointerId));
        on("dragstart", (event) => event.preventDefault());
        on("keydown", onKey);

        function onWheel(event) {
            if (event.ctrlKey) {
                event.preventDefault();
                zoom(Math.exp(-event.deltaY / 300), placeOf(event));
            }
        }

        function onPointerDown(event) {
            if (event.button === 0 && !isForControl(event)) {
                pointers.set(event.pointerId, placeOf(event));
            }
        }

        // One pointer moves the picture; two of them hold two points of it.
        function onPointerMove(event) {
            const before = pointers.get(event.pointerId);
            if (!before || !event.buttons) {
                // The button was let go where this pane does not see it.
                pointers.delete(event.pointerId);
                return;
            }
            const now = placeOf(event);
            pane.element.setPointerCapture(event.pointerId);
            pointers.set(event.pointerId, now);
            const other = [...pointers].find(([pointer]) => pointer !== event.pointerId)?.[1];
            if (other) {
                zoom(distance(now, other) / Math.max(distance(before, other), 1), other);
            } else {
                drag(now[0] - before[0], now[1] - before[1]);
            }
        }

        function onKey(event) {
            const direction = /^Arrow(\w+)$/.exec(event.key)?.[1].toLowerCase();
            const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !isForControl(event);
            if (direction && isPlain && move(direction)) {
                event.preventDefault();
            }
        }

        function placeOf(event) {
            const { left, top } = pane.element.getBoundingClientRect();
            return [event.clientX - left, event.clientY - top];
        }
    }

    // The divider lies on the picture, and has a use for pointers and arrow keys of its own.
    function isForControl(event) {
        return event.target.matches("input");
    }

    function distance(one, other) {
        return Math.hypot(one[0] - other[0], one[1] - other[1]);
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
        Pane, between, followGestures, placeZoom, shareOutline,
    });

    shareOutline();
    NARROW.addEventListener("change", () => document.querySelectorAll("[data-copyleaks-stage]").forEach(placeZoom));
    for (const element of document.querySelectorAll(".copyleaks-pane")) {
        if (!element.closest("[data-copyleaks-stage]")) {
            new Pane(element).load();
        }
    }
}
