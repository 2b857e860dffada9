package main

import (
	"slices"
	"strings"
)

const (
	stateKey = "(state)"
	partKey  = "part "
)

// stepDraft is the model of one draft. Its parts are fixed once it is committed or discarded. Of several that add a part
// at the same moment each may succeed, and one counts: until the commit, the part has all their values.
func stepDraft(state State, o Operation) []State {
	ended := state[stateKey]
	value, there := state[partKey+o.Part]
	add := func() State { return state.with(partKey+o.Part, strings.TrimPrefix(value+" "+o.Value, " ")) }
	switch o.Op + " " + o.Result {
	case "add ok":
		if !o.Done {
			return stays(state, there)
		}
		return becomes(ended == "", add)
	case "add conflict":
		return stays(state, ended != "")
	case "add maybe":
		if ended != "" {
			return []State{state}
		}
		return []State{add()}
	case "commit ok":
		next, done := commit(state, o.Parts)
		return becomes(done && oneOfEach(partsOf(next), o.Content), func() State {
			for part, value := range o.Content {
				next = next.with(partKey+part, value)
			}
			return next
		})
	case "commit missing":
		_, done := commit(state, o.Parts)
		return stays(state, !done && ended != "discarded")
	case "commit conflict":
		return stays(state, ended != "")
	case "commit maybe":
		next, _ := commit(state, o.Parts)
		return []State{next}
	case "discard ok":
		if !o.Done {
			return stays(state, ended != "" || len(state) == 0)
		}
		return becomes(ended != "committed" && len(state) > 0, func() State { return state.with(stateKey, "discarded") })
	case "discard conflict":
		return stays(state, ended == "committed")
	case "discard maybe":
		if ended != "" || len(state) == 0 {
			return []State{state}
		}
		return []State{state.with(stateKey, "discarded")}
	case "state ok":
		return stays(state, ended == o.Got || ended == "" && o.Got == "open")
	case "listed ok":
		return stays(state, there == o.Done || ended != "")
	}
	return nil
}

// commit ends a draft with the parts that it has, or exactly these, which must be there. A repeat gives the same again.
func commit(state State, only []string) (State, bool) {
	if state[stateKey] == "discarded" {
		return state, false
	}
	parts := partsOf(state)
	for _, part := range only {
		if _, there := parts[part]; !there {
			return state, false
		}
	}
	if state[stateKey] == "committed" {
		return state, true
	}
	if len(parts) == 0 {
		return state, false
	}
	next := State{stateKey: "committed"}
	for part, value := range parts {
		if only == nil || slices.Contains(only, part) {
			next[partKey+part] = value
		}
	}
	return next, true
}

// oneOfEach tells whether a version has exactly these parts, each with one of its values.
func oneOfEach(parts, content map[string]string) bool {
	if len(parts) != len(content) {
		return false
	}
	for part, value := range content {
		if !slices.Contains(strings.Fields(parts[part]), value) {
			return false
		}
	}
	return true
}

func partsOf(state State) map[string]string {
	parts := map[string]string{}
	for key, value := range state {
		if part, is := strings.CutPrefix(key, partKey); is {
			parts[part] = value
		}
	}
	return parts
}
