// An independent OpenID provider (npm `oidc-provider`) that plays Google and Apple for the tests. Everybody is let in at once:
// the browser of the test says who is signing in by a parameter of its own, `as`. PUT /people/<subject> tells a person's claims;
// `lie` among them makes the provider answer the exchange of their code as a hostile or broken one would.
//
// usage: node server.mjs <folder of node_modules> <settings as JSON>
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [folder, text] = process.argv.slice(2)
const require = createRequire(pathToFileURL(`${folder}/`))
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href)
const { SignJWT, decodeJwt, jwtVerify } = await import(pathToFileURL(require.resolve('jose')).href)

const encoded = (thing) => Buffer.from(JSON.stringify(thing)).toString('base64url')

async function bodyOf(stream) {
  const pieces = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

// What Apple asks of a client secret: ES256 by the registered key, from the team, for the client, meant for Apple, not for ever.
async function isApples(secret, { issuer, id, apple }) {
  const { payload, protectedHeader } = await jwtVerify(secret, createPublicKey(apple.publicKey), {
    algorithms: ['ES256'], issuer: apple.team, subject: id, audience: issuer, requiredClaims: ['iat', 'exp'],
  })
  return protectedHeader.kid === apple.keyId && payload.exp - payload.iat <= 15777000
}

function open({ issuer, port, id, secret, callback, apple }) {
  const people = new Map() // subject -> claims
  const [ours, strangers] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }))
  const provider = new Provider(issuer, {
    // Apple's client makes its secret itself: it is checked below, and then stands for this one.
    clients: [{ client_id: id, client_secret: secret, redirect_uris: [callback], token_endpoint_auth_method: 'client_secret_post' }],
    jwks: { keys: [{ ...ours.privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false, // the ID token holds the claims of the scopes, as Google's and Apple's do
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    extraParams: ['as'],
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...people.get(sub) }) }),
    ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 300, Interaction: 60, Grant: 60, Session: 60 },
  })

  async function letIn({ req, res }) {
    const { prompt, params } = await provider.interactionDetails(req, res)
    if (params.as === 'nobody') {
      return provider.interactionFinished(req, res, { error: 'access_denied', error_description: '<script>no</script>' })
    }
    if (prompt.name === 'login') return provider.interactionFinished(req, res, { login: { accountId: params.as } })
    const grant = new provider.Grant({ accountId: params.as, clientId: params.client_id })
    grant.addOIDCScope('openid email profile')
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
  }

  const signed = (claims, key = ours.privateKey, header = { alg: 'RS256', kid: 'first' }) =>
    new SignJWT(claims).setProtectedHeader(header).sign(key)
  const lies = {
    nonce: (claims) => signed({ ...claims, nonce: 'of another journey' }),
    'no nonce': ({ nonce, ...claims }) => signed(claims),
    audience: (claims) => signed({ ...claims, aud: 'another client' }),
    audiences: (claims) => signed({ ...claims, aud: [id, 'another client'] }),
    issuer: (claims) => signed({ ...claims, iss: `${issuer}/` }),
    expired: (claims) => signed({ ...claims, exp: Math.floor(Date.now() / 1000) - 120 }),
    'no expiry': ({ exp, ...claims }) => signed(claims),
    old: (claims) => signed({ ...claims, iat: claims.iat - 3600 }),
    'no subject': ({ sub, ...claims }) => signed(claims),
    'another key': (claims) => signed(claims, strangers.privateKey),
    'no signature': (claims) => `${encoded({ alg: 'none' })}.${encoded(claims)}.`,
    'public key as secret': (claims) =>
      signed(claims, Buffer.from(ours.publicKey.export({ type: 'spki', format: 'pem' })), { alg: 'HS256', kid: 'first' }),
    'its own key': (claims) =>
      signed(claims, strangers.privateKey, { alg: 'RS256', jwk: strangers.publicKey.export({ format: 'jwk' }) }),
    garbage: () => 'a.b.c',
    nothing: () => undefined,
  }

  async function lie(context) {
    const claims = decodeJwt(context.body.id_token)
    const kind = people.get(claims.sub)?.lie
    if (kind === 'page') { context.type = 'html'; context.body = '<html>rate limited</html>' }
    else if (kind === 'down') { context.status = 502; context.body = 'bad gateway' }
    else if (kind === 'large') context.body.more = 'x'.repeat(1_000_000)
    else if (kind === 'elsewhere') { context.status = 302; context.set('Location', `${issuer}/jwks`) }
    else if (kind === 'slow') await new Promise((after) => setTimeout(after, 8000))
    else if (kind) context.body.id_token = await lies[kind](claims)
  }

  provider.use(async (context, next) => {
    const { path, method, req } = context
    if (method === 'PUT' && path.startsWith('/people/')) {
      people.set(decodeURIComponent(path.slice('/people/'.length)), JSON.parse(await bodyOf(req)))
      context.body = {}
      return
    }
    if (path.startsWith('/interaction/')) return letIn(context)
    if (path === '/auth' && apple) context.query = { ...context.query, scope: 'openid email' } // Apple means `openid` always
    if (path === '/token') {
      req.body = Object.fromEntries(new URLSearchParams(await bodyOf(req))) // oidc-provider takes a body that was read before
      if (apple) {
        const isRight = await isApples(req.body.client_secret, { issuer, id, apple }).catch(() => false)
        req.body.client_secret = isRight ? secret : 'wrong'
      }
    }
    await next()
    if (path === '/token' && context.body?.id_token) await lie(context)
  })
  return new Promise((opened) => provider.listen(port, '127.0.0.1', opened))
}

await Promise.all(JSON.parse(text).map(open))
console.log('ready')
