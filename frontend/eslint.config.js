import js from "@eslint/js";
import globals from "globals";

const RULES = {
    ...js.configs.recommended.rules,
    curly: "error",
    eqeqeq: "error",
    "no-console": "error",
    "no-eval": "error",
    "no-implied-eval": "error",
    "no-shadow": "error",
    "no-unused-private-class-members": "error",
    "no-use-before-define": ["error", { functions: false }],
    "no-var": "error",
    "object-shorthand": "error",
    "prefer-const": "error",
    "prefer-template": "error",
    strict: ["error", "global"],
};

export default [
    {
        // Scripts for the browsers of the admin, which are loaded one after the other and share window.copyleaksImage.
        files: ["**/static/**/*.js"],
        languageOptions: { ecmaVersion: 2023, sourceType: "script", globals: globals.browser },
        rules: RULES,
    },
    {
        files: ["frontend/**/*.js"],
        languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: globals.node },
        rules: RULES,
    },
];
