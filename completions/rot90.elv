
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
            cand --files0-from 'Read NUL-terminated names from FILE (- for standard input)'
            cand -o 'Write outputs below DIR, which is created if missing'
            cand --output-dir 'Write outputs below DIR, which is created if missing'
            cand --format 'Format of the results'
            cand -w 'Number of threads [default: the CPUs this process may use]'
            cand --workers 'Number of threads [default: the CPUs this process may use]'
            cand --max-memory 'Memory limit for each picture, such as 512M or 2G [default: half of what this process may use]'
            cand --report 'Write a page of all results, with thumbnails, to FILE, whose name ends in .html'
            cand --report-pictures 'How many files get thumbnails in the report'
            cand --progress 'When to show progress on standard error; auto: if that is a terminal'
            cand --generate 'Print the man page, or the completions for a shell'
            cand --unordered 'Print each record as soon as its file is done, in any order (requires --format jsonl)'
            cand --update 'Skip outputs that are up to date (their means are still reported)'
            cand --no-clobber 'Fail each file whose output already exists'
            cand -p 'Give outputs the times of their inputs, and the owner and mode where permitted'
            cand --preserve 'Give outputs the times of their inputs, and the owner and mode where permitted'
            cand --dry-run 'Show what would be done without doing it'
            cand --durable 'Flush each output to the disk (fsync) before reporting it'
            cand --fail-fast 'Start no new file after the first failure'
            cand -q 'Print no progress and no summary, only what failed or could not be kept; overrides --verbose'
            cand --quiet 'Print no progress and no summary, only what failed or could not be kept; overrides --verbose'
            cand -v 'Print the number of threads, and the files that are skipped'
            cand --verbose 'Print the number of threads, and the files that are skipped'
            cand -h 'Print help: -h for a summary, --help for everything'
            cand --help 'Print help: -h for a summary, --help for everything'
            cand -V 'Print the version'
            cand --version 'Print the version'
        }
    ]
    $completions[$command]
}
