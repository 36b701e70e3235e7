"""Verifies an access token with two libraries that are not ours: PyJWT, and Authlib's validator of RFC 9068 tokens.

    python verify_token.py --jwks http://127.0.0.1:8080/jwks --issuer https://bridge.example --audience https://payroll.example < token

The JWKS is a URL or a file. Prints the claims as JSON if both libraries accept the token and read the same, else says what
was wrong on standard error and exits with 1. `--by pyjwt` or `--by authlib` asks one of them only.

Packages: see fixtures/saml/make/requirements.txt.
"""

import argparse
import json
import sys
import urllib.request
import warnings
from pathlib import Path

ALGORITHMS = ["ES256", "EdDSA", "RS256", "PS256"]


def load_jwks(place: str) -> dict:
    if place.startswith(("http://", "https://")):
        with urllib.request.urlopen(place, timeout=10) as answer:
            return json.load(answer)
    return json.loads(Path(place).read_text())


def by_pyjwt(token: str, jwks: dict, issuer: str, audience: str) -> dict:
    import jwt

    header = jwt.get_unverified_header(token)
    if header.get("typ") != "at+jwt":
        raise ValueError(f"typ is {header.get('typ')!r}, not at+jwt (RFC 9068 section 2.1)")
    keys = [k for k in jwt.PyJWKSet.from_dict(jwks).keys if k.key_id == header.get("kid")]
    if len(keys) != 1:
        raise ValueError(f"{len(keys)} keys of the JWKS have the kid of the token")
    required = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]
    return jwt.decode(
        token,
        keys[0],
        algorithms=[keys[0].algorithm_name],
        issuer=issuer,
        audience=audience,
        options={"require": required},
    )


def by_authlib(token: str, jwks: dict, issuer: str, audience: str) -> dict:
    from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
    from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaims
    from joserfc import jwt
    from joserfc.jwk import KeySet

    class Validator(JWTBearerTokenValidator):
        """Authlib's, with our four algorithms instead of joserfc's default choice."""

        def authenticate_token(self, token_string):
            decoded = jwt.decode(token_string, KeySet.import_key_set(jwks), algorithms=ALGORITHMS)
            essential = {name: {"essential": True} for name in ("exp", "sub", "client_id", "iat", "jti")}
            options = {
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": audience},
                **essential,
            }
            return JWTAccessTokenClaims(decoded.claims, decoded.header, options)

    validator = Validator(issuer, audience)
    claims = validator.authenticate_token(token)
    validator.validate_token(claims, scopes=None, request=None)
    return dict(claims)


LIBRARIES = {"pyjwt": by_pyjwt, "authlib": by_authlib}


def main():
    warnings.simplefilter("ignore")  # joserfc warns of EdDSA by name (RFC 9864)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jwks", required=True, help="URL or file")
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--audience", required=True)
    parser.add_argument("--token", help="the token; standard input if absent")
    parser.add_argument("--by", choices=[*LIBRARIES, "both"], default="both")
    options = parser.parse_args()
    token = (options.token or sys.stdin.read()).strip()
    jwks = load_jwks(options.jwks)
    chosen = LIBRARIES if options.by == "both" else {options.by: LIBRARIES[options.by]}
    claims = {}
    for name, verify in chosen.items():
        try:
            claims[name] = verify(token, jwks, options.issuer, options.audience)
        except Exception as error:  # noqa: BLE001 (whatever a library throws is its refusal)
            sys.exit(f"{name} refuses the token: {type(error).__name__}: {error}")
    if len({json.dumps(c, sort_keys=True) for c in claims.values()}) != 1:
        sys.exit(f"the libraries read different claims: {claims}")
    print(json.dumps(next(iter(claims.values())), sort_keys=True))


if __name__ == "__main__":
    main()
