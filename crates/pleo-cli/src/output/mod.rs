//! What is printed: data on standard output, everything else on standard error.

pub(crate) mod curl;
pub(crate) mod json;
pub(crate) mod records;
pub(crate) mod style;

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write},
};

use clap::{Args, ValueEnum};

use crate::{exit::Exit, failure::Failure};

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    Table,
    /// One JSON document.
    Json,
    /// One line of JSON for each entry.
    Ndjson,
    /// CSV with a header.
    Csv,
}

/// The format of a command's data.
#[derive(Debug, Args, Clone, Copy)]
pub(crate) struct OutputArguments {
    /// The format. Without it: a table on a terminal, and elsewhere what suits the command.
    #[arg(long, short, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    /// Short for --output json.
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl OutputArguments {
    /// The format that was asked for; otherwise a table on a terminal, and `piped` anywhere else.
    pub(crate) fn format(self, piped: Format) -> Format {
        match self.output {
            Some(format) => format,
            None if self.json => Format::Json,
            None if io::stdout().is_terminal() => Format::Table,
            None => piped,
        }
    }
}

/// Text from outside as it may be shown on a terminal: without characters that control it.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_dangerous) {
        text.chars().map(|character| if is_dangerous(character) { '\u{fffd}' } else { character }).collect()
    } else {
        text.into()
    }
}

/// Characters that control a terminal, or change the direction of text (Unicode Standard Annex #9).
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Standard output, whose end is not an error: somebody who reads enough closes the pipe.
pub(crate) struct Output {
    buffer: io::BufWriter<io::Stdout>,
    is_terminal: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        Self { is_terminal: stdout.is_terminal(), buffer: io::BufWriter::new(stdout) }
    }

    /// Whether colours are wanted.
    pub(crate) fn has_colours(&self) -> bool {
        anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
    }

    /// Writes a text of any number of lines. A terminal gets no characters that control it, except the ends of lines.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        if !self.is_terminal {
            return written(self.buffer.write_all(text.as_bytes()));
        }
        let mut lines = text.split_inclusive('\n');
        lines.try_for_each(|line| {
            let (content, end) = line.strip_suffix('\n').map_or((line, ""), |content| (content, "\n"));
            written(write!(self.buffer, "{}{end}", shown(content)))
        })
    }

    /// Writes a text, and ends the line.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.text(line)?;
        written(self.buffer.write_all(b"\n"))
    }

    /// Writes what is still kept back.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.write_back()
    }

    /// Writes what is kept back so far.
    pub(crate) fn write_back(&mut self) -> Result<(), Failure> {
        written(self.buffer.flush())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.buffer.flush()
    }
}

/// What came of writing to standard output. If nobody reads any more, the command ends as if all were written.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::closed()),
        Err(error) => Err(Failure::new(Exit::Local, format!("cannot write to standard output: {error}"))),
    }
}

/// Prints a line of a command that has other effects. They do not depend on whether anybody reads it.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    let mut output = Output::new();
    match output.line(&shown(line)).and_then(|()| output.finish()) {
        Err(failure) if failure.exit != Exit::Success => Err(failure),
        _ => Ok(()),
    }
}

/// Prints one document as JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(Exit::Local, format!("cannot write JSON: {error}")))?;
    let mut output = Output::new();
    output.line(&text)?;
    output.finish()
}
