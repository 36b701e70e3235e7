"""Signs a fresh assertion, now, by an implementation that is not ours, and prints it in base64url.

    python post_assertion.py --by xmlsec1|pysaml2|signxml [--sign assertion|response|both|bare] [--key TEST-idp-a] [--issuer …]
                             [--audience …] [--recipient …] [--name-id …] [--attribute name=value]…

`bare` is an Assertion without a Response (not with pysaml2, which makes responses). Keys are NAME.key.pem and NAME.crt.pem in
`--keys`, by default the TEST keys of fixtures/saml. Prints one line: the parameter for POST /token. `--xml` prints the XML.

Packages: see fixtures/saml/make/requirements.txt; xmlsec1 for the first two.
"""

import argparse
import base64
import secrets
import sys
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures/saml/make"))

import common  # noqa: E402  (found through the line above)


def instant(seconds: int) -> str:
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def pieces(options) -> tuple[common.Assertion, common.Response]:
    name = f'<saml:NameID Format="{options.name_id_format}">{common.escape(options.name_id)}</saml:NameID>'
    values = {}
    for pair in options.attribute:
        key, _, value = pair.partition("=")
        values.setdefault(key, []).append(value)
    assertion = common.Assertion(
        id="_" + secrets.token_hex(16),
        issuer=options.issuer,
        issue_instant=instant(0),
        name_id=name,
        confirmations=common.bearer(options.recipient, instant(300)),
        conditions=common.conditions(common.audience(options.audience), instant(-5), instant(300)),
        authn=common.authn(instant(0)),
        attributes="".join(common.attribute(k, *vs) for k, vs in values.items()),
    )
    response = common.Response(
        id="_" + secrets.token_hex(16), issuer=options.issuer, issue_instant=instant(0), destination=options.recipient
    )
    return assertion, response


def by_xmlsec1(options) -> str:
    assertion, response = pieces(options)
    inner = common.Signature(uri="#" + assertion.id, tag="a").xml() if options.sign != "response" else ""
    outer = common.Signature(uri="#" + response.id, tag="r").xml() if options.sign in ("response", "both") else ""
    text = assertion.xml(inner)
    if options.sign != "bare":
        text = response.xml(text, outer)
    for tag, present in (("a", inner), ("r", outer)):
        if present:
            text = common.sign_xmlsec1(text, options.key, tag)
    return text


def by_signxml(options) -> str:
    assertion, response = pieces(options)
    text = assertion.xml()
    if options.sign != "response":
        text = common.sign_signxml(assertion.xml(common.PLACEHOLDER), options.key, assertion.id)
    if options.sign == "assertion":
        return response.xml(text)
    if options.sign in ("response", "both"):
        return common.sign_signxml(response.xml(text, common.PLACEHOLDER), options.key, response.id)
    return text


def by_pysaml2(options) -> str:
    import pysaml2_idp

    if options.sign == "bare":
        sys.exit("pysaml2 makes responses; choose assertion, response or both")
    identity = {}
    for pair in options.attribute:
        key, _, value = pair.partition("=")
        identity.setdefault(key, []).append(value)
    return pysaml2_idp.respond(
        options.issuer, str(common.key_path(options.key)), str(common.cert_path(options.key)), options.audience, options.recipient,
        options.name_id, options.name_id_format, identity, sign_assertion=options.sign != "response",
        sign_response=options.sign != "assertion", sign_alg=common.RSA_SHA256, digest_alg=common.SHA256,
    )  # fmt: skip


SIGNERS = {"xmlsec1": by_xmlsec1, "pysaml2": by_pysaml2, "signxml": by_signxml}


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--by", choices=SIGNERS, required=True)
    parser.add_argument("--sign", choices=["assertion", "response", "both", "bare"], default="assertion")
    parser.add_argument("--keys", type=Path, default=common.KEYS)
    parser.add_argument("--key", default="TEST-idp-a")
    parser.add_argument("--issuer", default=common.IDP_A)
    parser.add_argument("--audience", default=common.ENTITY)
    parser.add_argument("--recipient", default=common.TOKEN)
    parser.add_argument("--name-id", default="alice@example.com")
    parser.add_argument("--name-id-format", default=common.EMAIL)
    parser.add_argument("--attribute", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--xml", action="store_true", help="print the document instead of base64url")
    options = parser.parse_args()
    common.KEYS = options.keys
    document = SIGNERS[options.by](options)
    print(document if options.xml else base64.urlsafe_b64encode(document.encode()).decode().rstrip("="))


if __name__ == "__main__":
    main()
