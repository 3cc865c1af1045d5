// An OpenID provider (npm: oidc-provider) with one client and one user, for one test run.
// Reads one line of JSON from standard input: host, port (0 for any), client, user, kid.
// Writes {"issuer": ...} when it listens, and ends when standard input does.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const lines = createInterface({ input: process.stdin });
lines.on("close", () => process.exit(0));
const { host, port, client, user, kid } = JSON.parse(
  await new Promise((resolve) => lines.once("line", resolve)),
);

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };

const page = (title, body) =>
  `<!DOCTYPE html><html lang="de"><title>${title}</title><h1>${title}</h1>${body}</html>`;

const server = createServer();
await new Promise((resolve) => server.listen(port, host, resolve));
const issuer = `http://${host}:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [client],
  jwks: { keys: [key] },
  cookies: { keys: ["only for tests"] },
  claims: { openid: ["sub", ...Object.keys(user.claims)] },
  conformIdTokenClaims: false,
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = page(
          "Abmelden?",
          `${form}<button form="op.logoutForm" name="logout" value="yes">Ja</button>`,
        );
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = page("Abgemeldet", "");
      },
    },
  },
  interactions: { url: (_, interaction) => `/login/${interaction.uid}` },
  // Its own refuses addresses of this machine, where the client of a test is.
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...user.claims }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid");
    await grant.save();
    return grant;
  },
});
provider.on("server_error", (_, error) => console.error(error));
provider.on("backchannel.error", (_, error) => console.error(error));

const answer = provider.callback();
server.on("request", async (request, response) => {
  if (!request.url.startsWith("/login/")) {
    answer(request, response);
    return;
  }
  try {
    await provider.interactionDetails(request, response);
    if (request.method === "POST") {
      let body = "";
      for await (const part of request) body += part;
      const typed = new URLSearchParams(body);
      if (typed.get("login") === user.login && typed.get("password") === user.password) {
        const result = { login: { accountId: user.sub } };
        await provider.interactionFinished(request, response, result);
        return;
      }
    }
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(
      page(
        "Schul-Login",
        `<form method="post"><label>Kennung <input name="login"></label>
         <label>Passwort <input name="password" type="password"></label>
         <button>Weiter</button></form>`,
      ),
    );
  } catch (error) {
    response.statusCode = 400;
    response.end(page("Fehler", ""));
    console.error(error);
  }
});
console.log(JSON.stringify({ issuer }));
