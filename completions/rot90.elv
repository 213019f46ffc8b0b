
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
            cand --files0-from 'Read names, each ended by NUL, from FILE; - is standard input'
            cand -o 'Write the outputs below DIR, which is made if missing'
            cand --output-dir 'Write the outputs below DIR, which is made if missing'
            cand --format 'Form of the results'
            cand -w 'Number of threads [default: the CPUs this process may use]'
            cand --workers 'Number of threads [default: the CPUs this process may use]'
            cand --max-memory 'Limit on the memory for one picture, such as 512M or 2G [default: half of what this process may use]'
            cand --report 'Write a page of all results, with small pictures, to FILE, whose name ends in .html'
            cand --report-pictures 'Number of files that have pictures in the report, or all'
            cand --progress 'When to show a progress bar on standard error; auto means if that is a terminal'
            cand --unordered 'Print each record as soon as its file is done, in any order; with --format jsonl'
            cand --update 'Leave alone outputs that are up to date; their means are still reported'
            cand --no-clobber 'Treat an output that exists already as an error of its file'
            cand -p 'Give outputs the times of their inputs, and owner and mode where that is allowed'
            cand --preserve 'Give outputs the times of their inputs, and owner and mode where that is allowed'
            cand --dry-run 'Show what would be done without doing it'
            cand --durable 'Have each output safe on the disk (fsync) before it is reported'
            cand --fail-fast 'Start no further file after the first failure'
            cand -q 'Print no progress and no summary, only failures; this overrides --verbose'
            cand --quiet 'Print no progress and no summary, only failures; this overrides --verbose'
            cand -v 'Print what the run uses, and the files that it skips'
            cand --verbose 'Print what the run uses, and the files that it skips'
            cand -h 'Print help: -h in short, --help in full'
            cand --help 'Print help: -h in short, --help in full'
            cand -V 'Print the version'
            cand --version 'Print the version'
        }
    ]
    $completions[$command]
}
