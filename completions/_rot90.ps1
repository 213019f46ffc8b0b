
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'rot90' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'rot90'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'rot90' {
            [CompletionResult]::new('--files0-from', '--files0-from', [CompletionResultType]::ParameterName, 'Read names, each ended by NUL, from FILE; - is standard input')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the outputs below DIR, which is made if missing')
            [CompletionResult]::new('--output-dir', '--output-dir', [CompletionResultType]::ParameterName, 'Write the outputs below DIR, which is made if missing')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Form of the results')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Number of threads [default: the CPUs this process may use]')
            [CompletionResult]::new('--workers', '--workers', [CompletionResultType]::ParameterName, 'Number of threads [default: the CPUs this process may use]')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'Limit on the memory for one picture, such as 512M or 2G [default: half of what this process may use]')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a page of all results, with small pictures, to FILE, whose name ends in .html')
            [CompletionResult]::new('--report-pictures', '--report-pictures', [CompletionResultType]::ParameterName, 'Number of files that have pictures in the report, or all')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'When to show a progress bar on standard error; auto means if that is a terminal')
            [CompletionResult]::new('--unordered', '--unordered', [CompletionResultType]::ParameterName, 'Print each record as soon as its file is done, in any order; with --format jsonl')
            [CompletionResult]::new('--update', '--update', [CompletionResultType]::ParameterName, 'Leave alone outputs that are up to date; their means are still reported')
            [CompletionResult]::new('--no-clobber', '--no-clobber', [CompletionResultType]::ParameterName, 'Treat an output that exists already as an error of its file')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Give outputs the times of their inputs, and owner and mode where that is allowed')
            [CompletionResult]::new('--preserve', '--preserve', [CompletionResultType]::ParameterName, 'Give outputs the times of their inputs, and owner and mode where that is allowed')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done without doing it')
            [CompletionResult]::new('--durable', '--durable', [CompletionResultType]::ParameterName, 'Have each output safe on the disk (fsync) before it is reported')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Start no further file after the first failure')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress and no summary, only failures; this overrides --verbose')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress and no summary, only failures; this overrides --verbose')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print what the run uses, and the files that it skips')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print what the run uses, and the files that it skips')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help: -h in short, --help in full')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help: -h in short, --help in full')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
