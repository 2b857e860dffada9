package main

import (
	"strconv"
	"strings"
)

// deleted begins the value of a deleted version, which an undelete restores.
const deleted = "(deleted)"

func isDeleted(value string) bool {
	return strings.HasPrefix(value, deleted)
}

// stepRegistry is the model of the versions of one name in a mutable registry.
func stepRegistry(state State, o Operation) []State {
	key := strconv.Itoa(o.Version)
	value, written := state[key]
	live := written && !isDeleted(value)
	set := func() State { return state.with(key, o.Value) }
	switch o.Op + " " + o.Result {
	case "append ok":
		return becomes(o.Version == highest(state)+1, set)
	case "append maybe":
		return []State{state.with(strconv.Itoa(highest(state)+1), o.Value)}
	case "save ok":
		switch {
		case o.Skipped:
			return stays(state, o.Mode == "skip" && live)
		case o.Mode == "overwrite":
			return []State{set()}
		}
		return becomes(!written, set)
	case "save exists":
		return stays(state, o.Mode == "fail" && written || o.Mode == "skip" && isDeleted(value))
	case "save maybe":
		if written && o.Mode != "overwrite" {
			return []State{state}
		}
		return []State{set()}
	case "delete ok":
		if !o.Done {
			return stays(state, !live)
		}
		return becomes(live, func() State { return state.with(key, deleted+value) })
	case "delete missing":
		return stays(state, !live)
	case "delete maybe":
		if !live {
			return []State{state}
		}
		return []State{state.with(key, deleted+value)}
	case "undelete ok":
		return becomes(isDeleted(value), func() State { return state.with(key, value[len(deleted):]) })
	case "undelete exists":
		return stays(state, live)
	case "undelete missing":
		return stays(state, !written) // no history lasts as long as the grace period
	case "undelete maybe":
		if !isDeleted(value) {
			return []State{state}
		}
		return []State{state.with(key, value[len(deleted):])}
	case "read ok":
		return stays(state, live && value == o.Got)
	case "read missing":
		return stays(state, !live)
	case "listed ok":
		return stays(state, live == o.Done)
	case "latest ok":
		return stays(state, state[strconv.Itoa(highestLive(state))] == o.Got)
	case "latest missing":
		return stays(state, highestLive(state) == 0)
	}
	return nil
}

func highest(state State) int {
	return highestOf(state, func(string) bool { return true })
}

func highestLive(state State) int {
	return highestOf(state, func(value string) bool { return !isDeleted(value) })
}

func highestOf(state State, counts func(value string) bool) int {
	top := 0
	for key, value := range state {
		if version, _ := strconv.Atoi(key); version > top && counts(value) {
			top = version
		}
	}
	return top
}
