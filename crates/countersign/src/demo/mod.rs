//! `countersign demo`: as serve, with data that the program makes itself, once.

mod fill;
mod people;
mod walk;

use std::{process::ExitCode, time::Instant};

use serde_json::json;

use self::people::{ACCOUNTS, PASSWORD};
use crate::{
    cli::Serve,
    fault::{Fault, Outcome},
    output::{Output, note, table},
    place,
    serve::Server,
};

/// Written into the data directory when everything is in; a fill that was cut off begins again and finds what it made.
const MARKER: &str = "demo";

/// Runs the command.
pub async fn run(args: Serve, out: Output) -> Outcome<ExitCode> {
    let begun = Instant::now();
    let data = args.place.data.clone();
    let marker = data.join(MARKER);
    if place::is_installation(&data) && !marker.exists() {
        return Err(Fault::new("not_a_demo", "This directory holds an installation that is not a demo.")
            .at(data.display()));
    }
    std::fs::create_dir_all(&data).map_err(|error| Fault::file(&data, &error))?;
    let is_filled = std::fs::read_to_string(&marker).is_ok_and(|text| text.trim() == "filled");
    if !is_filled {
        std::fs::write(&marker, "filling\n").map_err(|error| Fault::file(&marker, &error))?;
    }
    let server = Server::start(&args).await?;
    if !is_filled {
        note("making demo data; this happens once");
        fill::fill(&server.pipeline).await?;
        std::fs::write(&marker, "filled\n").map_err(|error| Fault::file(&marker, &error))?;
    }
    greet(&server, is_filled, begun, out);
    server.run().await
}

fn greet(server: &Server, was_filled: bool, begun: Instant, out: Output) {
    let address = format!("http://{}", server.address);
    let rows = std::iter::once(["ROLE", "LOGIN", "PASSWORD", "WHAT THEY DO"].map(str::to_owned).to_vec())
        .chain(ACCOUNTS.iter().map(|account| {
            vec![
                account.title.to_owned(),
                account.login.to_owned(),
                PASSWORD.to_owned(),
                account.does.to_owned(),
            ]
        }));
    let text = format!(
        "Countersign {} is ready on {address}{}\n\n{}\n\n\
         Four things to try\n  \
         1. Sign in as annotator, start reading on \"Board inspection\", hold the blink key, correct the model's draft, submit.\n  \
         2. In another browser sign in as quality: review it. Then as specialist: countersign it with the password.\n  \
         3. Sign in as annotator and as annotator2 in two browsers: both read \"Blind double reading\". Then as reviewer: decide.\n  \
         4. Sign in as scientist, download the release of \"Board inspection\" and check it with: countersign verify FILE.zip\n",
        env!("CARGO_PKG_VERSION"),
        if was_filled { " (the data of the last start is kept)" } else { "" },
        table(&rows.collect::<Vec<_>>()),
    );
    let accounts: Vec<_> = ACCOUNTS
        .iter()
        .map(|account| json!({ "role": account.role, "login": account.login, "password": PASSWORD }))
        .collect();
    let object = json!({
        "address": address,
        "version": env!("CARGO_PKG_VERSION"),
        "start_ms": u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        "accounts": accounts,
    });
    out.result(&object, &text);
}
