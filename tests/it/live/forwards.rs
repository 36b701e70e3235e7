//! `forwards`: a legacy application passes on what its own service provider received; and what was meant for our own
//! assertion consumer service, which nobody may pass on.

use super::files::{ACS, ISSUER, PAYROLL, TOKEN_ENDPOINT};
use super::provider::{CORP, PARTNER, Provider, encoded};
use super::server::Door;
use super::verify::claims;
use super::{Files, Server};

const LEGACY_ACS: &str = "https://legacy.example/acs";
const LEGACY: &str = "https://legacy.example/saml";

fn received(provider: &Provider, audience: &str, recipient: &str) -> String {
    let assertion = provider.assertion(|draft| {
        draft.audiences = vec![audience.to_owned()];
        draft.recipient = recipient.to_owned();
        draft.in_response_to = Some("_marker-request".to_owned());
    });
    encoded(&provider.response(&assertion, |response| response.destination = Some(recipient.to_owned())))
}

#[test]
fn what_a_legacy_service_provider_received_is_passed_on() {
    let server = Server::start(&Files::new());
    let presented = received(&CORP, LEGACY, LEGACY_ACS);
    let body = server.token("legacy", &Door::Exchange.form(&presented));
    assert_eq!(claims(&server, body["access_token"].as_str().unwrap(), PAYROLL)["client_id"], "legacy");
    let again = server.post("legacy", &Door::Exchange.form(&presented));
    assert_eq!(again.reason(), "saml.replayed");
    // What was meant for us is taken from this client as from any other.
    server.token("legacy", &Door::Exchange.form(&received(&CORP, ISSUER, TOKEN_ENDPOINT)));
}

#[test]
fn a_forward_reaches_no_further_than_it_says() {
    let server = Server::start(&Files::new());
    let (former, former_acs) = ("https://former.example/saml", "https://former.example/acs");
    for (what, client, door, provider, audience, recipient, reason) in [
        ("the other door", "legacy", Door::Bearer, &CORP, LEGACY, LEGACY_ACS, "saml.audience_mismatch"),
        ("a client without it", "portal", Door::Exchange, &CORP, LEGACY, LEGACY_ACS, "saml.audience_mismatch"),
        ("another client's", "former", Door::Exchange, &CORP, LEGACY, LEGACY_ACS, "saml.audience_mismatch"),
        ("another source", "legacy", Door::Exchange, &PARTNER, LEGACY, LEGACY_ACS, "saml.audience_of_another"),
        ("after its end", "former", Door::Exchange, &CORP, former, former_acs, "saml.audience_of_another"),
        ("our recipient", "legacy", Door::Exchange, &CORP, LEGACY, TOKEN_ENDPOINT, "saml.recipient_mismatch"),
        ("our audience", "legacy", Door::Exchange, &CORP, ISSUER, LEGACY_ACS, "saml.recipient_mismatch"),
        (
            "a third recipient",
            "legacy",
            Door::Exchange,
            &CORP,
            LEGACY,
            "https://third.example/acs",
            "saml.recipient_mismatch",
        ),
        (
            "a slash more",
            "legacy",
            Door::Exchange,
            &CORP,
            "https://legacy.example/saml/",
            LEGACY_ACS,
            "saml.audience_mismatch",
        ),
    ] {
        let answer = server.post(client, &door.form(&received(provider, audience, recipient)));
        assert_eq!((answer.status, answer.reason().as_str()), (400, reason), "{what}");
        assert_eq!(answer.json()["error"], door.error(), "{what}");
    }
}

/// Else a stolen browser response could be redeemed by any client, past `InResponseTo`.
#[test]
fn what_was_meant_for_our_own_acs_is_never_redeemed_here() {
    let server = Server::start(&Files::new());
    let addressed = |recipient: &str, destination: &str| {
        let assertion = CORP.assertion(|draft| draft.recipient = recipient.to_owned());
        encoded(&CORP.response(&assertion, |response| response.destination = Some(destination.to_owned())))
    };
    for client in ["portal", "legacy"] {
        for door in Door::BOTH {
            for (recipient, destination) in [(ACS, ACS), (ACS, TOKEN_ENDPOINT), (TOKEN_ENDPOINT, ACS)] {
                let answer = server.post(client, &door.form(&addressed(recipient, destination)));
                assert_eq!((answer.status, answer.reason().as_str()), (400, "saml.meant_for_acs"));
                assert_eq!(answer.json()["error"], door.error());
            }
        }
    }
}
