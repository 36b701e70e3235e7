//! A declaration that is sound becomes a source of sessions.
//!
//! **Invariant.** A source without a key, with a guessable key, without an expiry or with a MAC that could be cut in
//! two ways cannot be built.

use std::collections::BTreeSet;

use crate::crypto::mac::MacKey;
use crate::ground::id::{Namespace, SourceId};
use crate::ground::time::Timestamp;

use super::declaration::{
    DeclarationRejection, FieldDeclaration, KeyDeclaration, Layout, ListSplit, MAX_CLOCK_SKEW, MAX_FIELDS, MAX_KEYS,
    MIN_MAC_BYTES, MIN_SECRET_BYTES, MacDeclaration, Role, SessionDeclaration,
};
use super::encoding::Encoding;

/// A prepared key.
#[derive(Debug)]
pub(super) struct Key {
    pub id: String,
    pub mac: MacKey,
    pub until: Option<Timestamp>,
}

/// A source of legacy sessions whose declaration is sound. `Debug` shows no key.
#[derive(Debug)]
pub struct SessionSource {
    pub(super) declaration: SessionDeclaration,
    pub(super) keys: Vec<Key>,
    pub(super) mac_bytes: usize,
}

impl SessionSource {
    /// Checks the declaration and prepares its keys; the secrets are zeroed.
    pub fn new(mut declaration: SessionDeclaration) -> Result<Self, DeclarationRejection> {
        if declaration.namespace.as_str().is_empty() {
            return Err(DeclarationRejection::NamespaceEmpty);
        }
        if declaration.clock_skew > MAX_CLOCK_SKEW {
            return Err(DeclarationRejection::ClockSkew(declaration.clock_skew));
        }
        if declaration.reuse_at_most == 0 {
            return Err(DeclarationRejection::Reuse);
        }
        check_keys(&declaration.keys)?;
        let mac_bytes = check_mac(&declaration.mac)?;
        check_separators(&declaration)?;
        check_fields(&declaration.fields)?;
        check_expiry(&declaration)?;
        let keys = std::mem::take(&mut declaration.keys);
        let prepare = |declared: KeyDeclaration| {
            // Into the prepared HMAC key, which does not show it.
            let mac = MacKey::new(declaration.mac.algorithm, declared.secret.expose());
            Key { id: declared.id, mac, until: declared.until }
        };
        let keys = keys.into_iter().map(prepare).collect();
        Ok(Self { declaration, keys, mac_bytes })
    }

    /// The word for it in configuration and mappings.
    pub const fn id(&self) -> &SourceId {
        &self.declaration.id
    }

    /// Its lasting name.
    pub const fn namespace(&self) -> &Namespace {
        &self.declaration.namespace
    }

    /// How often one client may exchange one token.
    pub const fn reuse_at_most(&self) -> u32 {
        self.declaration.reuse_at_most
    }

    /// The names of the fields that mappings may read.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let is_attribute = |field: &&FieldDeclaration| field.role == Role::Attribute;
        self.declaration.fields.iter().filter(is_attribute).map(|field| field.name.as_str())
    }
}

fn check_keys(keys: &[KeyDeclaration]) -> Result<(), DeclarationRejection> {
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(DeclarationRejection::KeyCount(keys.len()));
    }
    let mut ids = BTreeSet::new();
    let mut secrets = BTreeSet::new();
    for key in keys {
        if key.id.is_empty() || !ids.insert(&key.id) {
            return Err(DeclarationRejection::KeyId(key.id.clone()));
        }
        // Looked at here, at load, and goes nowhere.
        let secret = key.secret.expose();
        let first = secret.first();
        if secret.len() < MIN_SECRET_BYTES || secret.iter().all(|byte| Some(byte) == first) {
            return Err(DeclarationRejection::WeakSecret(key.id.clone()));
        }
        if !secrets.insert(secret) {
            return Err(DeclarationRejection::SecretRepeated(key.id.clone()));
        }
    }
    Ok(())
}

/// The length in bytes of the MAC as it stands in the token.
fn check_mac(mac: &MacDeclaration) -> Result<usize, DeclarationRejection> {
    let whole = mac.algorithm.len();
    let found = mac.truncated_to.unwrap_or(whole);
    if !(MIN_MAC_BYTES..=whole).contains(&found) {
        return Err(DeclarationRejection::Truncation { found, whole });
    }
    let (extra, may_be_empty) = match mac.encoding {
        Encoding::Hex => ("", true),
        Encoding::Base64 => ("+/=", false),
        Encoding::Base64Url => ("-_=", false),
        Encoding::Plain | Encoding::Percent | Encoding::Form => return Err(DeclarationRejection::MacEncoding),
    };
    let in_alphabet = |c: char| match mac.encoding {
        Encoding::Hex => c.is_ascii_hexdigit(),
        Encoding::Base64 | Encoding::Base64Url => c.is_ascii_alphanumeric() || extra.contains(c),
        Encoding::Plain | Encoding::Percent | Encoding::Form => true,
    };
    let ambiguous = if mac.separator.is_empty() { !may_be_empty } else { mac.separator.contains(in_alphabet) };
    if ambiguous { Err(DeclarationRejection::MacSeparator(mac.separator.clone())) } else { Ok(found) }
}

fn check_separators(declaration: &SessionDeclaration) -> Result<(), DeclarationRejection> {
    let refused = |separator: &str| Err(DeclarationRejection::Separator(separator.to_owned()));
    let (between, assign) = match &declaration.layout {
        Layout::Ordered { separator } => (separator, None),
        Layout::Pairs { separator, assign } => (separator, Some(assign)),
    };
    if between.is_empty() {
        return refused(between);
    }
    if let Some(assign) = assign {
        if assign.is_empty() || assign.contains(between.as_str()) || between.contains(assign.as_str()) {
            return refused(assign);
        }
        let is_in_a_name =
            |separator: &&String| declaration.fields.iter().any(|field| field.name.contains(separator.as_str()));
        if let Some(separator) = [between, assign].into_iter().find(is_in_a_name) {
            return refused(separator);
        }
    }
    if let Some(separator) = declaration.key_id_separator.as_ref().filter(|separator| separator.is_empty()) {
        return refused(separator);
    }
    for list in declaration.fields.iter().filter_map(|field| field.list.as_ref()) {
        let separator = list.separator();
        let hidden = matches!(list, ListSplit::BeforeDecoding(s) if s.contains(between.as_str()));
        if separator.is_empty() || hidden {
            return refused(separator);
        }
    }
    Ok(())
}

fn check_fields(fields: &[FieldDeclaration]) -> Result<(), DeclarationRejection> {
    if fields.is_empty() || fields.len() > MAX_FIELDS {
        return Err(DeclarationRejection::FieldCount(fields.len()));
    }
    let mut names = BTreeSet::new();
    for (place, field) in fields.iter().enumerate() {
        if field.name.is_empty() || !names.insert(&field.name) {
            return Err(DeclarationRejection::FieldName(field.name.clone()));
        }
        let stands_once = match field.role {
            Role::Attribute | Role::Ignore => false,
            Role::Subject | Role::IssuedAt | Role::ExpiresAt | Role::KeyId => true,
        };
        let repeated = stands_once && fields.iter().take(place).any(|other| other.role == field.role);
        if repeated || (field.list.is_some() && field.role != Role::Attribute) {
            return Err(DeclarationRejection::FieldRole(field.name.clone()));
        }
    }
    Ok(())
}

fn check_expiry(declaration: &SessionDeclaration) -> Result<(), DeclarationRejection> {
    let has = |role: Role| declaration.fields.iter().any(|field| field.role == role);
    match declaration.max_age {
        Some(max_age) if max_age.is_zero() || !has(Role::IssuedAt) => Err(DeclarationRejection::MaxAge),
        None if !has(Role::ExpiresAt) => Err(DeclarationRejection::NoExpiry),
        Some(_) | None => Ok(()),
    }
}
