export default {
    extends: ["stylelint-config-recommended"],
    rules: {
        // Rules stand by the part of the page that they are about, so a weaker selector may come later.
        "no-descending-specificity": null,
        "color-named": "never",
        "declaration-no-important": [true, { severity: "error" }],
        "function-url-scheme-disallowed-list": ["data", "http", "https"],
        "selector-max-id": 1,
        "unit-disallowed-list": ["pt", "cm", "in"],
    },
    overrides: [
        // Paper has to win over whatever the screen is shown, and a surface over select2, which hides with !important.
        { files: ["**/print.css", "**/surface.css"], rules: { "declaration-no-important": null } },
    ],
};
