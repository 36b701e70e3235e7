//! `drawbridge demo`: everything, for real, in a temporary folder: a test identity provider signs, the bridge of this
//! binary answers over HTTP, a standard library verifies what it issued.
//!
//! ```text
//! stage: files, keys, cookie ─▶ the bridge ◀─ HTTP ─ tour: four requests, told as they happen
//! ```

mod client;
mod stage;
mod tour;

use std::net::{Ipv4Addr, SocketAddr};

use crate::config::{Extent, LoadError, load};
use crate::ground::clock::{Clock as _, SystemClock};

use super::args::{DemoArgs, Form};
use super::check::show_refused;
use super::exit::{Answer, Exit, Failure};
use super::report::{Shown, not_loaded};
use super::screen::{FAINT, Screen, styled};
use super::serve::{Served, listen_at, runtime};
use super::signals::StopSignals;

use stage::Stage;

/// Tells the tour; with `--keep` the bridge stays up behind it.
pub(super) fn run(args: &DemoArgs, screen: &mut Screen<'_>) -> Answer {
    runtime()?.block_on(async {
        let listener = listen_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = listener.local_addr().map_err(|error| Failure::could_not_run(error.to_string()))?;
        let stage = Stage::build(address)?;
        // The stage hands its secrets over in files, so the environment is not asked.
        let nothing = std::collections::BTreeMap::new();
        let loaded = match load(&stage.configuration(), Extent::Start, &nothing, SystemClock.now()) {
            Ok(loaded) => loaded,
            Err(LoadError::Refused(refused)) => {
                show_refused(&refused, Form::Text, Shown::Telling, screen)?;
                return Ok(Exit::No);
            }
            Err(error @ (LoadError::Unreadable { .. } | LoadError::Changing)) => return Err(not_loaded(&error)),
        };
        let served = Box::pin(Served::begin(loaded, listener, None)).await?;
        let told = tour::tell(&stage, screen).await;
        if args.keep && matches!(told, Ok(Exit::Done)) {
            tour::invite(&stage, screen)?;
            StopSignals::catch()?.wait().await;
            screen.line(styled(FAINT, "stopping"))?;
        }
        served.end().await;
        told
    })
}
