// What mouse, fingers and arrow keys do to the picture in a pane.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    // Call drag(across, down) in CSS pixels, zoom(factor, place) about a place in the pane, look(place) for a double click,
    // and move(direction). All but drag and look tell whether there was anything to do.
    function followGestures(pane, { drag, zoom, look, move }) {
        const pointers = new Map();
        const on = (name, react, options) =>
            pane.element.addEventListener(name, (event) => pane.isVisible && react(event), options);

        on("wheel", onWheel, { passive: false });
        on("pointerdown", onPointerDown);
        on("pointermove", onPointerMove);
        on("pointerup", (event) => pointers.delete(event.pointerId));
        on("pointercancel", (event) => pointers.delete(event.pointerId));
        on("dragstart", (event) => event.preventDefault());
        on("dblclick", (event) => !isForControl(event) && look(placeOf(event)));
        on("keydown", onKey);

        // The wheel zooms as long as the picture's upper edge is seen, and scrolls the page otherwise, or where there is
        // nothing to zoom out of. Two fingers on a trackpad come as a wheel with Ctrl, and never scroll.
        function onWheel(event) {
            const isForPage = event.shiftKey || event.altKey || event.metaKey || isScrolledBy();
            if (event.ctrlKey || !isForPage) {
                const hasZoomed = zoom(Math.exp(-event.deltaY / 300), placeOf(event));
                if (event.ctrlKey || hasZoomed) {
                    event.preventDefault();
                }
            }
        }

        function isScrolledBy() {
            return pane.element.getBoundingClientRect().top < 0;
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
        return event.target.matches("input, button");
    }

    function distance(one, other) {
        return Math.hypot(one[0] - other[0], one[1] - other[1]);
    }

    Object.assign(window.copyleaksImage, { followGestures });
}
