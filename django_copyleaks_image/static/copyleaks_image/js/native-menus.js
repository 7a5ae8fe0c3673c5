// Jet and Jazzmin put drawings in the place of menus: they hide them from keyboards and screen readers, and tell our
// scripts nothing of what is chosen. On our pages the menus stay what they are; surface.css hides the drawings.
"use strict";
{
    const HIDDEN = "select2-hidden-accessible";

    function show(menu) {
        if (menu.classList.contains(HIDDEN)) {
            menu.classList.remove(HIDDEN);
            menu.removeAttribute("aria-hidden");
            menu.removeAttribute("tabindex");
        }
    }

    // Whenever the theme comes to it, before or after this.
    for (const menu of document.querySelectorAll(".copyleaks-surface select")) {
        new MutationObserver(() => show(menu)).observe(menu, { attributeFilter: ["class"] });
        show(menu);
    }
}
