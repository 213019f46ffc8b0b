use str

set edit:completion:arg-completer[rot90] = {|@words|
    fn option {|name help|
        edit:complex-candidate $name &display=$name'  '$help
    }
    # What stands for itself: a number or a size.
    var free = [-w --workers --max-memory]
    var values = [&]
    for name [--format] { set values[$name] = [
        [json 'One array, a record a line']
        [jsonl 'A record a line, each as soon as it is known']
        [means 'One array of the means, null for a failed file']
    ] }
    for name [--progress] { set values[$name] = [
        [auto 'If standard error is a terminal']
        [always 'In any case']
        [never 'Not at all']
    ] }
    var word = $words[-1]
    var before = $words[-2]
    if (has-key $values $before) {
        for value $values[$before] { option $@value }
    } elif (has-value $free $before) {
        nop
    } elif (and (str:has-prefix $word -) (not (has-value $words[..-1] --))) {
        option --files0-from 'Read names separated by NUL from FILE; `-` is standard input'
        option -o 'Write the outputs below DIR, which is made if missing'
        option --output-dir 'Write the outputs below DIR, which is made if missing'
        option --format 'Print an array of records, a record a line, or an array of the means'
        option --update 'Leave alone an output that is not older than its input; its mean is still reported'
        option --no-clobber 'Fail where an output exists already'
        option --dry-run 'Print what would be done, and do nothing'
        option --durable 'fsync each output and its directory before it is reported'
        option -w 'Number of threads [default: the CPUs this process may use]'
        option --workers 'Number of threads [default: the CPUs this process may use]'
        option --max-memory 'The most memory for a picture, as 512M or 2G [default: half of what this process may use]'
        option --fail-fast 'Start no new file after the first failure'
        option --report 'Write a page with all results and small pictures to FILE, which ends with .html'
        option --progress 'Show a progress bar on standard error; `auto`: if that is a terminal'
        option -q 'Print no progress and no summary; failures are still told'
        option --quiet 'Print no progress and no summary; failures are still told'
        option -v 'Tell more on standard error; twice: of every file'
        option --verbose 'Tell more on standard error; twice: of every file'
        option -h 'Print help: `-h` for short, `--help` in full'
        option --help 'Print help: `-h` for short, `--help` in full'
        option -V 'Print the version'
        option --version 'Print the version'
    } else {
        edit:complete-filename $@words
    }
}
