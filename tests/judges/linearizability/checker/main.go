// Command checker reads histories of operations as JSON lines from stdin and checks each with porcupine against the
// model that it names. It prints one JSON line per history, with the verdict "ok", "illegal" or "timeout".
//
// With --timeout it gives up on a history after that long; with --visualize FOLDER it writes an HTML page for each
// history that is not linearizable.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

var models = map[string]porcupine.Model{
	"aliases":  modelOf(stepAlias),
	"drafts":   modelOf(stepDraft),
	"files":    modelOf(stepFiles),
	"registry": modelOf(stepRegistry),
}

// Verdict is the result of one history.
type Verdict struct {
	History    string `json:"history"`
	Model      string `json:"model"`
	Operations int    `json:"operations"`
	Verdict    string `json:"verdict"`
	Ms         int64  `json:"ms"`
	// Operations that fit into no order with the others, of the first part of the history that is not linearizable.
	Left []string `json:"left,omitempty"`
}

func main() {
	timeout := flag.Duration("timeout", time.Minute, "how long to check one history")
	folder := flag.String("visualize", "", "where to write a page for each history that is not linearizable")
	flag.Parse()
	histories, order, err := read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	output := json.NewEncoder(os.Stdout)
	for _, name := range order {
		if err := output.Encode(check(name, histories[name], *timeout, *folder)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}

func read(file *os.File) (map[string][]Operation, []string, error) {
	histories := map[string][]Operation{}
	order := []string{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var operation Operation
		decoder := json.NewDecoder(strings.NewReader(lines.Text()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&operation); err != nil {
			return nil, nil, fmt.Errorf("Cannot read operation: %w: %s", err, lines.Text())
		}
		if _, known := models[operation.Model]; !known {
			return nil, nil, fmt.Errorf("Cannot check history %q: unknown model %q", operation.History, operation.Model)
		}
		if _, seen := histories[operation.History]; !seen {
			order = append(order, operation.History)
		}
		histories[operation.History] = append(histories[operation.History], operation)
	}
	return histories, order, lines.Err()
}

func check(name string, operations []Operation, timeout time.Duration, folder string) Verdict {
	model := models[operations[0].Model]
	history := make([]porcupine.Operation, len(operations))
	for i, operation := range operations {
		end := int64(math.MaxInt64)
		if operation.Return != nil {
			end = *operation.Return
		}
		history[i] = porcupine.Operation{ClientId: operation.Client, Input: operation, Output: operation, Call: operation.Call, Return: end}
	}
	started := time.Now()
	result, info := porcupine.CheckOperationsVerbose(model, history, timeout)
	verdict := Verdict{History: name, Model: operations[0].Model, Operations: len(operations), Ms: time.Since(started).Milliseconds()}
	switch result {
	case porcupine.Ok:
		verdict.Verdict = "ok"
	case porcupine.Unknown:
		verdict.Verdict = "timeout"
	default:
		verdict.Verdict = "illegal"
		verdict.Left = left(model, history, info)
		if folder != "" {
			page := filepath.Join(folder, strings.NewReplacer("/", "_", " ", "_").Replace(name)+".html")
			if err := porcupine.VisualizePath(model, info, page); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
	return verdict
}

// left describes the operations outside the longest linearizable order of the first part that has no whole one.
func left(model porcupine.Model, history []porcupine.Operation, info porcupine.LinearizationInfo) []string {
	partial := info.PartialLinearizationsOperations()
	for i, part := range model.Partition(history) {
		longest := []porcupine.Operation{}
		for _, order := range partial[i] {
			if len(order) > len(longest) {
				longest = order
			}
		}
		if len(longest) == len(part) {
			continue
		}
		inOrder := map[int]bool{}
		for _, operation := range longest {
			inOrder[operation.Input.(Operation).ID] = true
		}
		lines := []string{}
		for _, operation := range part {
			if input := operation.Input.(Operation); !inOrder[input.ID] && operation.Return != math.MaxInt64 {
				lines = append(lines, input.String())
			}
		}
		return lines[:min(len(lines), 8)]
	}
	return nil
}
