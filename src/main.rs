//! The program: see `drawbridge::cli`.

fn main() -> std::process::ExitCode {
    drawbridge::cli::main(std::env::args_os())
}
