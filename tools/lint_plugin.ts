/**
 * Lint rule of the pure floors: no clock, timers, randomness, network, console or process in floors 0 to 5. What they
 * need is passed in. `crypto` may stand in `src/crypto/` only.
 *
 * @module
 */

const AMBIENT = new Set(
  ("Date performance setTimeout setInterval queueMicrotask setImmediate fetch WebSocket XMLHttpRequest EventSource " +
    "console process Deno globalThis self window navigator localStorage sessionStorage indexedDB caches " +
    "BroadcastChannel Worker MessageChannel crypto").split(" "),
);

const PURE =
  /\/src\/(primitives|codec|crypto|types|trie|state|attestation|stf|parentchain|transport|sidechain|client)\//;

const plugin: Deno.lint.Plugin = {
  name: "integritee",
  rules: {
    "no-ambient": {
      create(context) {
        const file = context.filename.replaceAll("\\", "/");
        if (!PURE.test(file)) return {};
        const inCrypto = file.includes("/src/crypto/");
        return {
          Identifier(node) {
            const { parent } = node;
            const isProperty = parent?.type === "MemberExpression" && parent.property === node && !parent.computed;
            const isKey = parent?.type === "Property" && parent.key === node && !parent.computed && !parent.shorthand;
            const isType = parent?.type === "TSTypeReference" || parent?.type === "TSQualifiedName" ||
              parent?.type === "TSPropertySignature" || parent?.type === "TSMethodSignature";
            if (isProperty || isKey || isType || !AMBIENT.has(node.name)) return;
            if (inCrypto && node.name === "crypto") return;
            context.report({ node, message: `Floors 0 to 5 take "${node.name}" as a parameter` });
          },
          MemberExpression(node) {
            const { object, property } = node;
            if (object.type === "Identifier" && object.name === "Math" && property.type === "Identifier") {
              if (property.name === "random") {
                context.report({ node, message: 'Floors 0 to 5 take randomness as a parameter, not "Math.random"' });
              }
            }
          },
        };
      },
    },
  },
};

export default plugin;
