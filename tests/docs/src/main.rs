//! `make book`: builds the site into the folder that the command line names.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("error: name the folder for the site");
        return ExitCode::FAILURE;
    };
    match documentation::site::build(&folder) {
        Ok(()) => {
            println!("{}", folder.join("index.html").display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: the site was not built: {error}");
            ExitCode::FAILURE
        }
    }
}
