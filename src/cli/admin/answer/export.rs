//! An export, piece by piece: the first line, pages of links, distrust, and the line that signs it all.
//!
//! **Invariant.** What cannot be opened ends the export with an error: one that is signed is whole.

use serde::Serialize;

use crate::crypto::digest::{RunningSha256, hex};
use crate::crypto::jws::{self, TokenType};
use crate::mapping::Subject;
use crate::store::{LinkKey, MarkKind, NewLink};

use super::super::transfer::{DistrustLine, End, Head, Line, LinkLine, Manifest, VERSION};
use super::super::{Refusal, RefusalKind};
use super::{PAGE, State, unavailable};

/// Where it has got to.
enum Next {
    Head,
    Links(Option<LinkKey>),
    Distrust,
    End,
    Nothing,
}

/// An export that is being written.
pub struct Export<'a> {
    state: State<'a>,
    next: Next,
    running: RunningSha256,
    links: u64,
    distrust: u64,
}

impl<'a> Export<'a> {
    /// Nothing is written yet.
    pub fn begin(state: State<'a>) -> Self {
        Self { state, next: Next::Head, running: RunningSha256::begin(), links: 0, distrust: 0 }
    }

    /// The next whole lines; `None` after the last. An error is the end as well: [`broken_off`] writes it.
    pub async fn lines(&mut self) -> Result<Option<String>, Refusal> {
        let (text, next) = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Head => (self.head()?, Next::Links(None)),
            Next::Links(after) => self.links(after).await?,
            Next::Distrust => (self.distrust().await?, Next::End),
            Next::End => (self.end()?, Next::Nothing),
            Next::Nothing => return Ok(None),
        };
        self.running.update(text.as_bytes());
        self.next = next;
        Ok(Some(text))
    }

    fn head(&self) -> Result<String, Refusal> {
        let issuer = self.state.issuer.map(str::to_owned);
        line(&Line::Export(Head { version: VERSION, issuer, made: self.state.now.to_string() }))
    }

    async fn links(&mut self, after: Option<LinkKey>) -> Result<(String, Next), Refusal> {
        let page = self.state.store.links_page(after, PAGE).await.map_err(|error| unavailable(&error))?;
        let keys = self.state.opened_keys()?;
        let mut text = String::new();
        for new in &page.links {
            let subject = keys.subjects.opened(new, keys.master).map_err(|damage| {
                let message = format!("the link {} of `{}`: {damage}", new.key, new.link.namespace);
                Refusal::new(RefusalKind::Unavailable, message)
            })?;
            text.push_str(&line(&Line::Link(link_line(new, subject)))?);
            self.links += 1;
        }
        Ok((text, page.next.map_or(Next::Distrust, |after| Next::Links(Some(after)))))
    }

    async fn distrust(&mut self) -> Result<String, Refusal> {
        let marks = self.state.store.marks(MarkKind::Distrust).await.map_err(|error| unavailable(&error))?;
        self.distrust = marks.len() as u64;
        let lines =
            marks.into_iter().map(|mark| line(&Line::Distrust(DistrustLine { source: mark.key, mark: mark.value })));
        lines.collect()
    }

    fn end(&self) -> Result<String, Refusal> {
        let (links, distrust) = (self.links, self.distrust);
        let sha256 = hex(&self.running.clone().finish());
        let (iss, iat) = (self.state.issuer.map(str::to_owned), self.state.now.unix_seconds());
        let manifest = json(&Manifest { iss, iat, links, distrust, sha256: sha256.clone() })?;
        let key = self.state.opened_keys()?.ring.any_signer();
        let key = key.ok_or_else(|| Refusal::new(RefusalKind::Unavailable, "there is no active signing key"))?;
        let signed = jws::sign(key, TokenType::Export, manifest.as_bytes());
        let signed = signed.map_err(|error| Refusal::new(RefusalKind::Unavailable, error.to_string()))?;
        // Into the export: a signature is for everybody who may read it.
        let jws = signed.expose().clone();
        line(&Line::End(End { links, distrust, sha256, jws }))
    }
}

/// The last line of an export that breaks off.
pub fn broken_off(refusal: Refusal) -> String {
    line(&Line::Error(refusal)).unwrap_or_default()
}

fn link_line(new: &NewLink, subject: Subject) -> LinkLine {
    let Subject { namespace, format, qualifiers: [name_qualifier, sp_name_qualifier], value } = subject;
    let (sub, made) = (new.link.sub.to_string(), new.link.made.to_string());
    LinkLine { namespace: namespace.to_string(), format, name_qualifier, sp_name_qualifier, value, sub, made }
}

fn line(line: &Line) -> Result<String, Refusal> {
    json(line).map(|json| json + "\n")
}

fn json(value: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(value).map_err(|error| Refusal::new(RefusalKind::Unavailable, error.to_string()))
}
