//! Questions to the person at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use pleo::Secret;

use crate::{exit::Exit, failure::Failure};

/// Whether somebody can be asked.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a secret, which the terminal does not show.
pub(crate) fn secret(question: &str) -> Result<Secret, Failure> {
    terminal::remember();
    match rpassword::prompt_password(format!("{question}: ")) {
        Ok(text) => Ok(Secret::from(text)),
        Err(error) => Err(Failure::new(Exit::Usage, format!("cannot ask at the terminal: {error}"))
            .help("Set PLEO_API_KEY, or give the key in a file with --key-file.")),
    }
}

/// Lets the terminal show what is typed, if it did before a secret was asked for.
pub(crate) fn show_typing() {
    terminal::restore();
}

#[cfg(unix)]
mod terminal {
    use std::{fs::File, sync::OnceLock};

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    /// The settings of the terminal before a secret was asked for.
    static BEFORE: OnceLock<Termios> = OnceLock::new();

    pub(super) fn remember() {
        if let Ok(settings) = File::open("/dev/tty").and_then(|tty| Ok(tcgetattr(tty)?)) {
            BEFORE.get_or_init(|| settings);
        }
    }

    pub(super) fn restore() {
        if let (Some(settings), Ok(tty)) = (BEFORE.get(), File::open("/dev/tty")) {
            // There is nobody to tell.
            let _ = tcsetattr(tty, OptionalActions::Now, settings);
        }
    }
}

/// The console of Windows forgets the setting with the process.
#[cfg(not(unix))]
mod terminal {
    pub(super) fn remember() {}

    pub(super) fn restore() {}
}

/// Asks for a line of text.
pub(crate) fn line(question: &str) -> Result<String, Failure> {
    let mut error = anstream::stderr();
    // Nobody may be reading.
    let _ = write!(error, "{question} ").and_then(|()| error.flush());
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) => Err(Failure::usage("the input ended before the question was answered")),
        Ok(_) => Ok(line.trim().to_owned()),
        Err(error) => Err(Failure::new(Exit::Local, format!("cannot read the reply: {error}"))),
    }
}

/// Asks a question that is answered with yes or no. Anything but yes is no.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    let reply = line(&format!("{question} [y/N]"))?;
    Ok(matches!(reply.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks until one of the choices is picked by its number, and returns its index.
pub(crate) fn choose(question: &str, choices: &[&str]) -> Result<usize, Failure> {
    loop {
        anstream::eprintln!("{question}");
        for (at, choice) in choices.iter().enumerate() {
            anstream::eprintln!("  {} {choice}", at + 1);
        }
        let reply = line("Number:")?;
        match reply.parse::<usize>().ok().filter(|number| (1..=choices.len()).contains(number)) {
            Some(number) => return Ok(number - 1),
            None => anstream::eprintln!("Type a number from 1 to {}.", choices.len()),
        }
    }
}
