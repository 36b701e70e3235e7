//! The table. Over 400 lines because it is one table: an entry is four sentences, and splitting it would hide a
//! code that is used twice.

/// Declares the reasons: variant, code, sentence for the caller, cause and remedy for the administrator.
macro_rules! reasons {
    ($($variant:ident $code:literal { $sentence:literal $cause:literal $remedy:literal })+) => {
        /// Why something was refused.
        #[expect(clippy::doc_markdown, reason = "a cause is a sentence for a screen, where backticks would be noise")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $cause] $variant,)+
        }

        impl Reason {
            /// Every reason, by area.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$variant),+];

            /// The stable code, `area.what`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The one sentence that the caller is given.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }

            /// What causes it, for an administrator.
            pub const fn cause(self) -> &'static str {
                match self { $(Self::$variant => $cause,)+ }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }
        }
    };
}

reasons! {
    // Request
    RequestParameterMissing "request.parameter_missing" {
        "a required parameter is missing"
        "The request lacks a parameter that its grant needs, or carries it empty."
        "Send every required parameter once; the trace names the missing one."
    }
    RequestParameterRepeated "request.parameter_repeated" {
        "a parameter appears more than once"
        "A parameter stands twice in the body (RFC 6749 section 3.2). Only resource and audience may repeat, at token exchange."
        "Send it once."
    }
    RequestParameterRefused "request.parameter_refused" {
        "a parameter has a value that is not accepted here"
        "A parameter is malformed or names something that this bridge does not offer, for instance a requested_token_type or an actor token."
        "Compare the request with the documentation of the grant; the trace names the parameter."
    }
    RequestBodyTooLarge "request.body_too_large" {
        "the request body is too large"
        "The body is larger than 256 KiB."
        "Send the assertion alone, without unrelated parameters."
    }
    RequestMediaType "request.media_type" {
        "the body must be application/x-www-form-urlencoded"
        "The Content-Type is not application/x-www-form-urlencoded, or the body is not validly encoded."
        "Post a form."
    }
    RequestMethod "request.method" {
        "this address does not answer that method"
        "For instance GET at the token endpoint."
        "Use the method of the documentation."
    }
    RequestTimeout "request.timeout" {
        "the request took too long to arrive"
        "The body did not arrive in time."
        "Look for a slow network or proxy between the application and the bridge."
    }
    RequestNotFound "request.not_found" {
        "nothing lives at this address"
        "The path is not one of the bridge's."
        "Compare the address with the metadata document."
    }
    GrantUnsupported "request.grant_unsupported" {
        "this grant type is not supported"
        "grant_type is not one that the bridge offers."
        "See grant_types_supported in the metadata document."
    }
    // Client
    ClientAuthenticationFailed "client.authentication_failed" {
        "client authentication failed"
        "The client is unknown or its secret is wrong; the two are not told apart."
        "Check client_id and secret; the trace says which client was claimed and by which method. With HTTP Basic both halves are form-encoded first (RFC 6749 section 2.3.1); a secret of letters and digits survives every sender."
    }
    ClientAuthenticationMissing "client.authentication_missing" {
        "the request carries no client authentication"
        "Neither an Authorization header nor client_id and client_secret were sent."
        "Send the client's credentials by one of the two methods."
    }
    ClientAuthenticationRepeated "client.authentication_repeated" {
        "the client authenticates in more than one way"
        "An Authorization header and client_secret were both sent, or a client_id that names another client (RFC 6749 section 2.3)."
        "Use one method."
    }
    ClientAssertionRefused "client.assertion_refused" {
        "client assertions are not accepted"
        "The request authenticates the client by a SAML assertion (RFC 7522 section 2.2) or another client_assertion; new deployments must not use the former (rfc7523bis)."
        "Use the client's secret."
    }
    ClientTooManyFailures "client.too_many_failures" {
        "too many failed attempts; try again later"
        "This address failed to authenticate as this client too often."
        "Mend the secret, then wait for the time in Retry-After. A right secret from elsewhere is not affected."
    }
    ClientGrantRefused "client.grant_refused" {
        "this client may not use this grant"
        "The client's grants do not list it."
        "Add the grant to the client in drawbridge.yaml, if it is meant to have it."
    }
    // Saml: form
    SamlEncoding "saml.encoding" {
        "the assertion is not base64url or base64 of UTF-8 text"
        "The parameter has foreign characters, mixed alphabets, wrong padding or bytes that are not UTF-8."
        "Send base64url without padding, or plain base64; check that plus signs survived form encoding."
    }
    SamlTooLarge "saml.too_large" {
        "the assertion is too large"
        "The decoded document is larger than 128 KiB."
        "Ask the identity provider to send fewer attributes, above all fewer groups."
    }
    SamlXmlRefused "saml.xml_refused" {
        "the document is not XML of the accepted kind"
        "It is not well-formed, or has a DOCTYPE, comment, processing instruction, undeclared namespace, or passes a limit on depth, names or attributes."
        "The trace names the construct; honest identity providers do not send these."
    }
    SamlRootRefused "saml.root_refused" {
        "the document is neither an assertion nor a response"
        "The root element is neither a SAML 2.0 Assertion nor a Response."
        "Send the Response as received, or its Assertion with the namespaces it needs."
    }
    SamlVersionRefused "saml.version_refused" {
        "only SAML 2.0 is accepted"
        "Version is not 2.0, or the document is SAML 1.1."
        "Configure the identity provider for SAML 2.0."
    }
    SamlIdRepeated "saml.id_repeated" {
        "an ID appears more than once in the document"
        "Two elements carry one ID, or an ID is missing or malformed where a signature needs it: the mark of signature wrapping."
        "Treat as an attack unless the identity provider is known to be broken."
    }
    SamlAssertionCount "saml.assertion_count" {
        "the document must carry exactly one assertion"
        "None, or more than one Assertion, or one that is not directly inside the Response."
        "Ask the identity provider for a single assertion."
    }
    SamlEncryptionUnsupported "saml.encryption_unsupported" {
        "encrypted assertions are not accepted here"
        "The document has an EncryptedAssertion, EncryptedID or EncryptedAttribute, for which this bridge has no key."
        "Turn encryption off for this relying party."
    }
    SamlStatusRefused "saml.status_refused" {
        "the identity provider reported a failure"
        "The Response's status is not Success."
        "Read the status in the trace and look at the identity provider's log."
    }
    // Saml: trust
    SamlIssuerUnknown "saml.issuer_unknown" {
        "the issuer of the assertion is not trusted"
        "No configured identity provider has this entity ID, compared character by character, or Issuer has a foreign Format."
        "Compare the issuer in the trace with the entityID of the metadata file."
    }
    SamlIssuerMismatch "saml.issuer_mismatch" {
        "the response and its assertion name different issuers"
        "Response Issuer and Assertion Issuer differ."
        "Treat as an attack unless a proxy is known to rewrite responses."
    }
    SamlMetadataExpired "saml.metadata_expired" {
        "the metadata of the identity provider has expired"
        "Its validUntil has passed."
        "Fetch fresh metadata and reload."
    }
    SamlSignatureMissing "saml.signature_missing" {
        "no signature covers the assertion"
        "Neither the Assertion nor the Response around it is signed."
        "Turn on assertion signing at the identity provider."
    }
    SamlSignatureProfile "saml.signature_profile" {
        "the signature is not of the accepted form"
        "The Signature is not a direct child of what it signs, has more or less than one Reference, a Reference to something else, foreign transforms, or an Object."
        "Honest identity providers do not send these; the trace names the part."
    }
    SamlSignatureInvalid "saml.signature_invalid" {
        "the signature is not valid"
        "Digest or signature does not verify with any key of this provider's metadata."
        "Compare the key fingerprints in the trace: the provider may have changed its key, or the document was changed on its way."
    }
    SamlAlgorithmRefused "saml.algorithm_refused" {
        "the signature uses an algorithm that is not accepted"
        "For instance SHA-1, HMAC, or an algorithm that does not fit the provider's key."
        "Set the identity provider to RSA or ECDSA with SHA-256 or better."
    }
    SamlSecondOpinion "saml.second_opinion" {
        "a second verifier came to another result"
        "The second verifier refused what the first accepted, or read another identity. An alarm was raised."
        "Keep the document and report it: one of two verifiers has a fault."
    }
    // Saml: time
    SamlTimestampMalformed "saml.timestamp_malformed" {
        "a time in the assertion is malformed"
        "A time is not xs:dateTime in UTC with Z (SAML Core 1.3.3)."
        "Mend the identity provider."
    }
    SamlConditionsMissing "saml.conditions_missing" {
        "the assertion has no conditions"
        "Conditions is absent, so nothing says for whom and until when it holds."
        "Configure audience and lifetime at the identity provider."
    }
    SamlNotYetValid "saml.not_yet_valid" {
        "the assertion is not valid yet"
        "NotBefore lies in the future by more than the allowed skew."
        "Compare the clocks; the trace says by how much."
    }
    SamlExpired "saml.expired" {
        "the assertion has expired"
        "NotOnOrAfter has passed by more than the allowed skew."
        "Present the assertion sooner, or compare the clocks; the trace says by how much."
    }
    SamlExpiryMissing "saml.expiry_missing" {
        "the assertion never expires"
        "Neither Conditions nor the confirmation says until when it holds (RFC 7522 section 3 item 4)."
        "Configure a lifetime at the identity provider."
    }
    SamlExpiryTooFar "saml.expiry_too_far" {
        "the assertion holds for too long"
        "It expires later than the provider's setting allows."
        "Shorten the lifetime at the identity provider, or raise max_lifetime."
    }
    SamlIssuedInFuture "saml.issued_in_future" {
        "the assertion was issued in the future"
        "IssueInstant or AuthnInstant lies in the future by more than the allowed skew."
        "Compare the clocks."
    }
    SamlTooOld "saml.too_old" {
        "the assertion was issued too long ago"
        "IssueInstant is older than max_age of the provider."
        "Present the assertion soon after it was issued, or raise max_age."
    }
    SamlSessionExpired "saml.session_expired" {
        "the session at the identity provider has ended"
        "SessionNotOnOrAfter has passed."
        "The person signs in again."
    }
    // Saml: audience and subject
    SamlAudienceMissing "saml.audience_missing" {
        "the assertion names no audience"
        "There is no AudienceRestriction."
        "Configure the audience at the identity provider; the trace lists what is accepted."
    }
    SamlAudienceMismatch "saml.audience_mismatch" {
        "the assertion is meant for another audience"
        "An AudienceRestriction names none of the accepted audiences, compared character by character."
        "Compare both lists in the trace; a trailing slash counts."
    }
    SamlAudienceOfAnother "saml.audience_of_another" {
        "the assertion is meant for an application of another client"
        "The audience is a legacy service provider that this client does not forward for, or no longer."
        "See forwards in drawbridge.yaml: client, source, audience and until."
    }
    SamlConditionUnknown "saml.condition_unknown" {
        "the assertion carries a condition that is not understood"
        "An unknown Condition makes the assertion's validity indeterminate (SAML Core 2.5.1.1)."
        "Remove the condition at the identity provider."
    }
    SamlProxyRestricted "saml.proxy_restricted" {
        "the assertion may not be used for this target"
        "ProxyRestriction lists audiences, and the target is not among them."
        "Ask the identity provider to list the target or to lift the restriction."
    }
    SamlSubjectMissing "saml.subject_missing" {
        "the assertion names no subject"
        "Subject or its NameID is absent or empty."
        "Configure a NameID at the identity provider."
    }
    SamlSubjectMalformed "saml.subject_malformed" {
        "the subject of the assertion is malformed"
        "The NameID has control characters, elements inside, or is a BaseID."
        "Treat as an attack unless the identity provider is known to be broken."
    }
    SamlConfirmationMissing "saml.confirmation_missing" {
        "the subject has no bearer confirmation"
        "No SubjectConfirmation has the bearer method (RFC 7522 section 3 item 5)."
        "Configure bearer confirmation at the identity provider."
    }
    SamlConfirmationMalformed "saml.confirmation_malformed" {
        "the subject confirmation is malformed"
        "SubjectConfirmationData has a NotBefore, or lacks Recipient or NotOnOrAfter."
        "Configure the recipient at the identity provider."
    }
    SamlConfirmationExpired "saml.confirmation_expired" {
        "the subject confirmation has expired"
        "NotOnOrAfter of every bearer confirmation has passed."
        "Present the assertion sooner."
    }
    SamlRecipientMismatch "saml.recipient_mismatch" {
        "the assertion is addressed to another recipient"
        "No bearer confirmation has the token endpoint as its Recipient, and no forward of this client covers it."
        "Compare both in the trace; for what a legacy service provider received see forwards."
    }
    SamlMeantForAcs "saml.meant_for_acs" {
        "the response was meant for a browser sign-in at this bridge"
        "Recipient or Destination is the bridge's own assertion consumer service; such a response is never redeemed at the token endpoint."
        "Treat as an attack unless a client is misconfigured."
    }
    SamlAttributeMalformed "saml.attribute_malformed" {
        "an attribute of the assertion is malformed"
        "An Attribute has no Name, or a value with elements inside."
        "Mend the identity provider; the trace names the attribute."
    }
    SamlStatementRefused "saml.statement_refused" {
        "the statements of the assertion contradict each other"
        "More than one AuthnStatement, or a statement of an unknown kind."
        "Ask the identity provider for a single AuthnStatement."
    }
    SamlDelegateMismatch "saml.delegate_mismatch" {
        "the assertion is confirmed for another party"
        "SubjectConfirmation names a party that is not the client that presents it."
        "Let the named party present it."
    }
    SamlReplayed "saml.replayed" {
        "the assertion has been used before"
        "An assertion is accepted once."
        "Get a fresh assertion for each token; the trace says when this one was used first, and by which request."
    }
    // Session
    SessionMalformed "session.malformed" {
        "the session token is malformed"
        "It has not the declared fields, separators or encodings."
        "Compare the format of the source with what the application issues; the trace names the part."
    }
    SessionTooLarge "session.too_large" {
        "the session token is too large"
        "It is larger than 8 KiB."
        "Look at what the application stores in its cookie."
    }
    SessionSignatureInvalid "session.signature_invalid" {
        "the signature of the session token is not valid"
        "The MAC does not verify with any key of this source."
        "The key may have been changed, or the token was altered."
    }
    SessionExpired "session.expired" {
        "the session has expired"
        "Its declared expiry or greatest age has passed."
        "The person signs in again."
    }
    SessionNotYetValid "session.not_yet_valid" {
        "the session starts in the future"
        "Its issue time lies in the future by more than the allowed skew."
        "Compare the clocks."
    }
    SessionReuseExceeded "session.reuse_exceeded" {
        "the session has been exchanged too often"
        "The source's reuse allows a session to be exchanged a limited number of times."
        "Keep the token until it expires instead of exchanging for every call, or raise the limit."
    }
    // Source
    SourceUnknown "source.unknown" {
        "no such source"
        "The subject_token_type names a session source that is not configured."
        "Compare it with the ids under sessions in drawbridge.yaml."
    }
    SourceDistrusted "source.distrusted" {
        "this source is no longer trusted"
        "An administrator ended the trust with drawbridge distrust."
        "Ask the administrator; trust returns only when the mark is removed."
    }
    // Mapping
    MappingMissing "mapping.missing" {
        "no mapping applies to this request"
        "No mapping file covers this source, client and audience."
        "Add a mapping, or widen its for."
    }
    MappingRequire "mapping.require" {
        "a rule of the mapping refuses this identity"
        "A require rule is not met; its id is the last word of the code and its message says why."
        "Read the rule in the mapping file."
    }
    MappingAttributeMissing "mapping.attribute_missing" {
        "the credential lacks an attribute that the mapping needs"
        "A declared attribute that is not optional was not sent."
        "The trace names it and the nearest names received: mend the name in the mapping, release it at the identity provider, or write `optional: true`."
    }
    MappingAttributeRepeated "mapping.attribute_repeated" {
        "an attribute has more values than the mapping expects"
        "A single-valued attribute was sent with several values, or several times."
        "The trace says whether they came in one attribute or in several, and whether all are the same. Where a person may have several, write `many: true` (or raise `max`); where they come in several attributes of one name, `repeated: merge` as well; else mend the identity provider. With `many` the claim is a list: `take: first` or `take: one` makes one value of it. Not so where the subject is made of it: the order of the values would decide who it is."
    }
    MappingAttributeTooLong "mapping.attribute_too_long" {
        "an attribute has a longer value than the mapping expects"
        "A value has more bytes than `max_bytes` of its declaration allows, or than the 4096 that hold where nothing is said."
        "Raise `max_bytes` if such values are honest, or mend the identity provider."
    }
    MappingClaimAmbiguous "mapping.claim_ambiguous" {
        "a claim that is one value has several"
        "A claim says `take: one`, and more than one value remained."
        "`drawbridge mapping explain` shows the values; `take: first` would choose by the order in which they came."
    }
    MappingClaimType "mapping.claim_type" {
        "a value cannot be read as what its claim is declared to be"
        "A claim says `type: int` or `type: bool`, and a value is no whole number, or none of true, false, 1 and 0."
        "`drawbridge mapping explain` shows the value; mend the source, or take `type` away."
    }
    MappingClaimMissing "mapping.claim_missing" {
        "a required claim has no value"
        "A claim that must not be missing came out empty: its attribute did not come, or no value of it begins with the prefix or has a row in the table."
        "The trace says why nothing remains. Where the attribute did not come, it has the nearest names that did: mend the name, or have the source send it. Where no value has a row or begins with the prefix, it says how many differ only in letter case or by blanks. Or say by `on_missing` what is to happen without a value."
    }
    MappingEmailUnproven "mapping.email_unproven" {
        "the identifier is an e-mail address, and nothing says that its source proves it"
        "The NameID has the format emailAddress, and the mapping makes the subject of it without `email_proven: true`. Who has an address today may not be who had it yesterday."
        "Have the identity provider send a persistent NameID; or, if it proves addresses and never reassigns them, say `email_proven: true` in `subject`."
    }
    MappingBudgetExceeded "mapping.budget_exceeded" {
        "the claims for this API are larger than the mapping allows"
        "The claims that `release` lists for this audience take more bytes than `budget`, or than the 8 KiB that hold where nothing is said. Nothing is trimmed: a list that is cut would look complete."
        "Release less; keep fewer values with `strip_prefix` or `table`; or write a `budget`, at most 64KiB, if API and gateway take such tokens. A written budget must suffice for `max` times `max_bytes` of all that is released: bound these first."
    }
    MappingSubjectMissing "mapping.subject_missing" {
        "the subject rule yields no lasting value"
        "The value is empty, or the NameID is transient."
        "Choose an attribute that stays the same for a person."
    }
    MappingExpressionFailed "mapping.expression_failed" {
        "an expression of the mapping failed"
        "A CEL expression failed on this identity: it reads an attribute that is absent or a place behind the end of a list, or a function cannot use its argument."
        "The trace names the part that failed. Ask first: `has(attr.x) ? ... : null` for what may be absent, `x.size() > 1 ? x[1] : null` for a place in a list, `x.matches(...) ? ... : null` for a function that cannot use every text."
    }
    // Subject
    SubjectConflict "subject.conflict" {
        "this person is known by two subjects"
        "The mapping says that two sources name the same person, and the person has another sub at each; or a link of the person was made by somebody else while this request ran."
        "drawbridge subject conflicts lists those that wait; drawbridge subject resolve makes both point to the sub that you choose. Where nothing waits, try again with a fresh credential."
    }
    SubjectTooLong "subject.too_long" {
        "the identifier of this person is too long"
        "The value from which the subject is made has some 16 KiB; it is kept with the sub, and there is no room for it."
        "Choose an attribute that is an identifier."
    }
    // Policy
    PolicySourceRefused "policy.source_refused" {
        "this client may not present credentials of this source"
        "The client's sources do not list it."
        "Add the source to the client in drawbridge.yaml, if it is meant to have it."
    }
    PolicyAudienceRefused "policy.audience_refused" {
        "the requested audience or resource is not available to this client"
        "It is unknown, not among the client's audiences, or several were named."
        "Ask for one of the client's audiences."
    }
    PolicyAudienceNeeded "policy.audience_needed" {
        "the request must name an audience or resource"
        "The client has several audiences and the request names none."
        "Send audience or resource."
    }
    PolicyScopeMalformed "policy.scope_malformed" {
        "the scope is malformed"
        "Empty, doubled spaces or foreign characters."
        "Separate scopes by single spaces."
    }
    PolicyScopeExceeds "policy.scope_exceeds" {
        "none of the requested scopes can be granted"
        "Nothing remains of the requested scopes after what the mapping, the client and the API allow."
        "The trace shows what removed each scope; `scopes` of the mapping say when each is given, and one without `scopes` gives none."
    }
    // The bridge itself
    StoreUnavailable "bridge.store_unavailable" {
        "the bridge cannot store its state; try again later"
        "The store failed or was poisoned by a failed write; nothing is issued without a durable record."
        "Look at readiness and the log; free the disk and restart."
    }
    UseForgotten "bridge.use_forgotten" {
        "the credential is so old that its uses are forgotten"
        "It ended before the bridge last forgot expired uses: whether it was used before, nobody knows. The clock of the bridge has gone back."
        "Set the clock of the bridge right; get a fresh credential."
    }
    SigningFailed "bridge.signing_failed" {
        "the bridge failed to sign"
        "The signing key could not be used."
        "Look at the log."
    }
    Overloaded "bridge.overloaded" {
        "the bridge is too busy; try again later"
        "More requests are arriving than the bridge keeps room for."
        "Try again after the time in Retry-After; look at what sends so much."
    }
    Internal "bridge.internal" {
        "the bridge failed"
        "A fault of the bridge."
        "Report it with the trace id."
    }
    Abandoned "bridge.abandoned" {
        "the request was given up"
        "The request ended before it was decided; no token left the bridge."
        "Look for a shutdown or fault at that time."
    }
}
