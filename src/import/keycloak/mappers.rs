//! The mappers of an identity provider.

use super::super::pattern::{Pattern, Reading};
use super::expression::{has_value, some_value};
use super::{ClaimRule, Node, Parts, Provider, SubjectRule, as_text, get, is_true, json, list, text, username};
use crate::ground::claim::ClaimValue;

impl Provider<'_> {
    pub(super) fn mapper(&mut self, mapper: &Node) {
        let line = mapper.span.line;
        let kind = text(mapper, "identityProviderMapper").unwrap_or_default();
        let what = format!("mapper `{}` ({kind})", text(mapper, "name").unwrap_or_default());
        let nothing = Node { value: crate::diagnostic::Value::Null, span: mapper.span };
        let config = get(mapper, "config").unwrap_or(&nothing);
        if kind == "hardcoded-user-session-attribute-idp-mapper" {
            return self.losses.know(line, what, "it fills a note of Keycloak's session");
        }
        let carried = match kind {
            "saml-user-attribute-idp-mapper" => self.user_attribute(config),
            "saml-username-idp-mapper" => self.username(config),
            "saml-role-idp-mapper" => self.role(config),
            "saml-advanced-role-idp-mapper" => self.advanced(config, "role"),
            "saml-advanced-group-idp-mapper" => self.advanced(config, "group"),
            "oidc-hardcoded-role-idp-mapper" => self.hardcoded(config, "role"),
            "oidc-hardcoded-group-idp-mapper" => self.hardcoded(config, "group"),
            "hardcoded-attribute-idp-mapper" => self.hardcoded_attribute(config),
            "saml-xpath-attribute-idp-mapper" => Err("XPath is not evaluated".into()),
            _ => Err("mappers of this kind are not read".into()),
        };
        if let Err(why) = carried {
            self.losses.add(line, what, why);
        }
    }

    /// An attribute becomes an attribute of the user, and that a claim.
    fn user_attribute(&mut self, config: &Node) -> Result<(), String> {
        let target = text(config, "user.attribute").ok_or("it has no `user.attribute`")?.to_owned();
        let naming = self.naming;
        let (claim, many) = naming.claim(&target);
        let place = self.attribute(config, many)?;
        let short = self.draft.attributes.get(place).map(|attribute| attribute.short.clone()).unwrap_or_default();
        self.claim(claim, ClaimRule::From(short), config.span.line);
        Ok(())
    }

    /// The attribute that a mapper names.
    fn attribute(&mut self, config: &Node, many: bool) -> Result<usize, String> {
        let (name, friendly) = (text(config, "attribute.name"), text(config, "attribute.friendly.name"));
        if name.is_none() && friendly.is_none() {
            return Err("it names no attribute".into());
        }
        Ok(self.declare(name, friendly, many, config.span.line))
    }

    fn username(&mut self, config: &Node) -> Result<(), String> {
        let template = text(config, "template").unwrap_or("${ALIAS}.${NAMEID}").to_owned();
        let line = config.span.line;
        let target = text(config, "target").unwrap_or("LOCAL").to_owned();
        let before = self.draft.attributes.clone();
        let cel = username::expression(&template, self, line).inspect_err(|_| self.draft.attributes = before)?;
        let naming = self.naming;
        match target.as_str() {
            "BROKER_ID" => self.draft.subject.rule = SubjectRule::Cel(cel),
            "BROKER_USERNAME" => return Err("the broker's name of a user is shown nowhere here".into()),
            _ => self.claim(naming.claim("username").0, ClaimRule::Cel(cel), line),
        }
        Ok(())
    }

    /// A value becomes a role.
    fn role(&mut self, config: &Node) -> Result<(), String> {
        let role = text(config, "role").ok_or("it names no role")?.to_owned();
        let value = text(config, "attribute.value").ok_or("it names no value")?.to_owned();
        let place = self.attribute(config, true)?;
        self.roles.row(place, &value, &role);
        Ok(())
    }

    /// Several values together become a role or a group.
    fn advanced(&mut self, config: &Node, what: &str) -> Result<(), String> {
        let given = text(config, what).ok_or_else(|| format!("it names no {what}"))?.to_owned();
        let pairs = pairs(config)?;
        let is_regex = is_true(get(config, "are.attribute.values.regex"));
        if let ([(name, value)], false) = (pairs.as_slice(), is_regex) {
            let place = self.named(name, config.span.line);
            self.parts(what).row(place, value, &given);
            return Ok(());
        }
        let before = self.draft.attributes.len();
        let mut conditions: Vec<String> = Vec::new();
        for (name, value) in &pairs {
            let place = self.named(name, config.span.line);
            let Some(attribute) = self.draft.attributes.get(place) else { continue };
            conditions.push(if is_regex {
                let Some(pattern) = Pattern::read(value, Reading::Whole) else {
                    self.draft.attributes.truncate(before);
                    return Err(format!("the regular expression `{value}` is not understood"));
                };
                some_value(attribute, &pattern.test("v"))
            } else {
                has_value(attribute, value)
            });
        }
        self.parts(what).value(Some(&conditions.join(" && ")), &given);
        Ok(())
    }

    fn hardcoded(&mut self, config: &Node, what: &str) -> Result<(), String> {
        let given = text(config, what).ok_or_else(|| format!("it names no {what}"))?.to_owned();
        self.parts(what).value(None, &given);
        Ok(())
    }

    fn hardcoded_attribute(&mut self, config: &Node) -> Result<(), String> {
        let name = text(config, "attribute").ok_or("it names no attribute")?.to_owned();
        let value = get(config, "attribute.value").and_then(as_text).ok_or("it has no value")?.to_owned();
        let naming = self.naming;
        self.claim(naming.claim(&name).0, ClaimRule::Value(ClaimValue::Text(value)), config.span.line);
        Ok(())
    }

    fn parts(&mut self, what: &str) -> &mut Parts {
        if what == "role" { &mut self.roles } else { &mut self.groups }
    }

    /// An attribute that Keycloak finds by its name or its friendly name.
    fn named(&mut self, name: &str, line: usize) -> usize {
        let is_wire = name.contains([':', '/']) || self.draft.attribute(name).is_some();
        let known = super::names::of_friendly(name, &super::VOCABULARIES).is_some();
        if is_wire || !known {
            self.declare(Some(name), None, true, line)
        } else {
            self.declare(None, Some(name), true, line)
        }
    }
}

/// `attributes` of the advanced mappers: pairs in a JSON text.
fn pairs(config: &Node) -> Result<Vec<(String, String)>, String> {
    let node = get(config, "attributes");
    let inner = match node.and_then(as_text) {
        Some(text) => Some(json::parse_inner(text, config.span.line).map_err(|_| "its `attributes` cannot be read")?),
        None => node.cloned(),
    };
    let pair = |node: &Node| Some((text(node, "key")?.to_owned(), get(node, "value").and_then(as_text)?.to_owned()));
    let pairs: Option<Vec<_>> = list(inner.as_ref()).iter().map(pair).collect();
    let pairs = pairs.ok_or("its `attributes` cannot be read")?;
    // Keycloak grants to everybody where no attribute is named; that is hardly what was meant.
    if pairs.is_empty() { Err("it names no attribute, so everybody would get it".into()) } else { Ok(pairs) }
}
