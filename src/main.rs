//! The command `rot90`: arguments in, exit code out. The work is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rot90::command::main()
}
