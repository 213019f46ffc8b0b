
use builtin;
use str;

set edit:completion:arg-completer[rot90] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'rot90'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'rot90'= {
            cand --files0-from 'Read names separated by NUL from FILE; `-` is standard input'
            cand -o 'Write the outputs below DIR, which is made if missing'
            cand --output-dir 'Write the outputs below DIR, which is made if missing'
            cand --format 'Print an array of records, a record a line, or an array of the means'
            cand -w 'Number of threads [default: the CPUs this process may use]'
            cand --workers 'Number of threads [default: the CPUs this process may use]'
            cand --max-memory 'The most memory for a picture, as 512M or 2G [default: half of what this process may use]'
            cand --report 'Write a page with all results and small pictures to FILE, which ends with .html'
            cand --progress 'Show a progress bar on standard error; `auto`: if that is a terminal'
            cand --update 'Leave alone an output that is not older than its input; its mean is still reported'
            cand --no-clobber 'Fail where an output exists already'
            cand --dry-run 'Print what would be done, and do nothing'
            cand --durable 'fsync each output and its directory before it is reported'
            cand --fail-fast 'Start no new file after the first failure'
            cand -q 'Print no progress and no summary; failures are still told'
            cand --quiet 'Print no progress and no summary; failures are still told'
            cand -v 'Tell more on standard error; twice: of every file'
            cand --verbose 'Tell more on standard error; twice: of every file'
            cand -h 'Print help: `-h` for short, `--help` in full'
            cand --help 'Print help: `-h` for short, `--help` in full'
            cand -V 'Print the version'
            cand --version 'Print the version'
        }
    ]
    $completions[$command]
}
