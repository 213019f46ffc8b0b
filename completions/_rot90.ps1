Register-ArgumentCompleter -Native -CommandName 'rot90' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    function offer($text, $kind, $help) {
        [System.Management.Automation.CompletionResult]::new($text, $text, $kind, $help)
    }
    $values = @{
        '--format' = 'json', 'jsonl', 'means'
        '--progress' = 'auto', 'always', 'never'
    }
    $options = @(
        , @('--files0-from', 'Read names separated by NUL from FILE; `-` is standard input')
        , @('-o', 'Write the outputs below DIR, which is made if missing')
        , @('--output-dir', 'Write the outputs below DIR, which is made if missing')
        , @('--format', 'Print an array of records, a record a line, or an array of the means')
        , @('--update', 'Leave alone an output that is not older than its input; its mean is still reported')
        , @('--no-clobber', 'Fail where an output exists already')
        , @('--dry-run', 'Print what would be done, and do nothing')
        , @('--durable', 'fsync each output and its directory before it is reported')
        , @('-w', 'Number of threads [default: the CPUs this process may use]')
        , @('--workers', 'Number of threads [default: the CPUs this process may use]')
        , @('--max-memory', 'The most memory for a picture, as 512M or 2G [default: half of what this process may use]')
        , @('--fail-fast', 'Start no new file after the first failure')
        , @('--report', 'Write a page with all results and small pictures to FILE, which ends with .html')
        , @('--progress', 'Show a progress bar on standard error; `auto`: if that is a terminal')
        , @('-q', 'Print no progress and no summary; failures are still told')
        , @('--quiet', 'Print no progress and no summary; failures are still told')
        , @('-v', 'Tell more on standard error; twice: of every file')
        , @('--verbose', 'Tell more on standard error; twice: of every file')
        , @('-h', 'Print help: `-h` for short, `--help` in full')
        , @('--help', 'Print help: `-h` for short, `--help` in full')
        , @('-V', 'Print the version')
        , @('--version', 'Print the version')
    )
    $before = $commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text }
    $last = $before | Select-Object -Last 1
    if ($values.ContainsKey($last)) {
        foreach ($value in $values[$last]) {
            if ($value -clike "$wordToComplete*") { offer $value 'ParameterValue' $value }
        }
    } elseif ($wordToComplete -match '^(--[^=]+)=' -and $values.ContainsKey($Matches[1])) {
        foreach ($value in $values[$Matches[1]]) {
            $text = $Matches[1] + '=' + $value
            if ($text -clike "$wordToComplete*") { offer $text 'ParameterValue' $value }
        }
    } elseif ($wordToComplete.StartsWith('-') -and $before -cnotcontains '--') {
        foreach ($option in $options) {
            if ($option[0] -clike "$wordToComplete*") {
                offer $option[0] 'ParameterName' $option[1]
            }
        }
    }
    # Where nothing is offered, PowerShell completes the names of files.
}
