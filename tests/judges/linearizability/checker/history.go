package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// Operation is one step of a client: what it asked for and what it received. tests/judges/linearizability/history.ts
// writes them.
type Operation struct {
	History string `json:"history"`
	Model   string `json:"model"`
	// ID is unique in the history.
	ID     int `json:"id"`
	Client int `json:"client"`
	// Call and Return are moments of one clock. An operation without Return may take effect at any time, or never.
	Call   int64  `json:"call"`
	Return *int64 `json:"return,omitempty"`
	// Key is the part of the state that the operation concerns; operations on other keys are checked by themselves.
	Key string `json:"key"`
	// Op is what it does.
	Op       string            `json:"op"`
	Version  int               `json:"version,omitempty"`
	Mode     string            `json:"mode,omitempty"`
	Path     string            `json:"path,omitempty"`
	To       string            `json:"to,omitempty"`
	Move     string            `json:"move,omitempty"`
	Part     string            `json:"part,omitempty"`
	Parts    []string          `json:"parts,omitempty"`
	Expected *string           `json:"expected,omitempty"`
	Value    string            `json:"value,omitempty"`
	Result   string            `json:"result"`
	Done     bool              `json:"done,omitempty"`
	Skipped  bool              `json:"skipped,omitempty"`
	Got      string            `json:"got,omitempty"`
	Content  map[string]string `json:"content,omitempty"`
}

func (o Operation) String() string {
	o.History, o.Model = "", ""
	line, _ := json.Marshal(o)
	return strings.Replace(string(line), `"history":"","model":"",`, "", 1)
}

// State maps what is there to what it holds.
type State map[string]string

func (s State) with(key, value string) State {
	next := maps.Clone(s)
	next[key] = value
	return next
}

func (s State) without(key string) State {
	next := maps.Clone(s)
	delete(next, key)
	return next
}

// encode makes a string of a state: porcupine compares states.
func (s State) encode() string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(s)) {
		text.WriteString(key + "=" + s[key] + "\n")
	}
	return text.String()
}

func decode(text string) State {
	state := State{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		state[key] = value
	}
	return state
}

// Step returns the states that an operation may lead to with the result that it had; none where it cannot have had it.
type Step func(state State, operation Operation) []State

func modelOf(step Step) porcupine.Model {
	model := porcupine.NondeterministicModel{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			parts := map[string][]porcupine.Operation{}
			for _, operation := range history {
				key := operation.Input.(Operation).Key
				parts[key] = append(parts[key], operation)
			}
			ordered := [][]porcupine.Operation{}
			for _, key := range slices.Sorted(maps.Keys(parts)) {
				ordered = append(ordered, parts[key])
			}
			return ordered
		},
		Init: func() []any { return []any{""} },
		Step: func(state, input, _ any) []any {
			next := []any{}
			for _, state := range step(decode(state.(string)), input.(Operation)) {
				next = append(next, state.encode())
			}
			return next
		},
		DescribeOperation: func(input, _ any) string { return input.(Operation).String() },
	}
	return model.ToModel()
}

// stays is the only next state where a condition holds.
func stays(state State, holds bool) []State {
	if holds {
		return []State{state}
	}
	return nil
}

// becomes is the only next state where a condition holds.
func becomes(holds bool, next func() State) []State {
	if holds {
		return []State{next()}
	}
	return nil
}
