// SPDX-License-Identifier: Apache-2.0
/*
 * The AVL tree under the byte-range locks. Insertion and removal recurse; the depth of an AVL tree
 * of 2^32 elements is under 47, so the recursion is bounded by the number of locks that memory can
 * hold.
 */
#include "lease/locktree.h"

static int key_compare(const struct lease_lock *l, uint64_t first, uint64_t last, uint64_t owner)
{
    if (l->first != first)
        return first < l->first ? -1 : 1;
    if (l->last != last)
        return last < l->last ? -1 : 1;
    if (l->owner != owner)
        return owner < l->owner ? -1 : 1;
    return 0;
}

static int height(const struct lease_lock *l)
{
    return l ? l->height : 0;
}

/* Adds what stands below one child to what its parent knows. */
static void merge_child(struct lease_lock *l, const struct lease_lock *child)
{
    if (!child)
        return;
    l->height = MAX(l->height, child->height + 1);
    l->max_last = MAX(l->max_last, child->max_last);
    if (child->subtree_owner != l->owner)
        l->subtree_owner = 0;
}

static void refresh(struct lease_lock *l)
{
    l->height = 1;
    l->max_last = l->last;
    l->subtree_owner = l->owner;
    merge_child(l, l->left);
    merge_child(l, l->right);
}

static struct lease_lock *rotate_right(struct lease_lock *l)
{
    struct lease_lock *top = l->left;
    l->left = top->right;
    top->right = l;
    refresh(l);
    refresh(top);
    return top;
}

static struct lease_lock *rotate_left(struct lease_lock *l)
{
    struct lease_lock *top = l->right;
    l->right = top->left;
    top->left = l;
    refresh(l);
    refresh(top);
    return top;
}

static struct lease_lock *rebalance(struct lease_lock *l)
{
    int lean = height(l->left) - height(l->right);
    if (lean > 1) {
        if (height(l->left->left) < height(l->left->right))
            l->left = rotate_left(l->left);
        return rotate_right(l);
    }
    if (lean < -1) {
        if (height(l->right->right) < height(l->right->left))
            l->right = rotate_right(l->right);
        return rotate_left(l);
    }
    refresh(l);
    return l;
}

static struct lease_lock *insert(struct lease_lock *root, struct lease_lock *lock)
{
    if (!root)
        return lock;
    int c = key_compare(root, lock->first, lock->last, lock->owner);
    ASSERT(c != 0);
    if (c < 0)
        root->left = insert(root->left, lock);
    else
        root->right = insert(root->right, lock);
    return rebalance(root);
}

void lease_locktree_insert(struct lease_locktree *t, struct lease_lock *lock)
{
    ASSERT(lock->owner != 0);
    lock->left = lock->right = NULL;
    refresh(lock);
    t->root = insert(t->root, lock);
}

/* Takes the leftmost element out of a tree that is not empty. */
static struct lease_lock *take_first(struct lease_lock *root, struct lease_lock **first)
{
    if (!root->left) {
        *first = root;
        return root->right;
    }
    root->left = take_first(root->left, first);
    return rebalance(root);
}

static struct lease_lock *remove_from(struct lease_lock *root, const struct lease_lock *lock)
{
    ASSERT(root != NULL);
    int c = key_compare(root, lock->first, lock->last, lock->owner);
    if (c < 0) {
        root->left = remove_from(root->left, lock);
        return rebalance(root);
    }
    if (c > 0) {
        root->right = remove_from(root->right, lock);
        return rebalance(root);
    }
    ASSERT(root == lock);
    if (!root->right)
        return root->left;
    struct lease_lock *heir;
    struct lease_lock *right = take_first(root->right, &heir);
    heir->right = right;
    heir->left = root->left;
    return rebalance(heir);
}

void lease_locktree_remove(struct lease_locktree *t, struct lease_lock *lock)
{
    t->root = remove_from(t->root, lock);
    lock->left = lock->right = NULL;
}

struct lease_lock *lease_locktree_find(const struct lease_locktree *t, uint64_t first,
                                       uint64_t last, uint64_t owner)
{
    struct lease_lock *l = t->root;
    while (l) {
        int c = key_compare(l, first, last, owner);
        if (c == 0)
            return l;
        l = c < 0 ? l->left : l->right;
    }
    return NULL;
}

/*
 * Left before right. When the left subtree reaches far enough (max_last >= first) but holds no
 * overlap, it holds an element that begins beyond `last`; then so does everything to the right of
 * it and the search ends at once. That is why one path down is enough.
 */
static struct lease_lock *overlap(struct lease_lock *l, uint64_t first, uint64_t last,
                                  uint64_t except)
{
    if (!l || l->max_last < first || (except && l->subtree_owner == except))
        return NULL;
    struct lease_lock *found = overlap(l->left, first, last, except);
    if (found)
        return found;
    if (l->first > last)
        return NULL;
    if (first <= l->last && l->owner != except)
        return l;
    return overlap(l->right, first, last, except);
}

struct lease_lock *lease_locktree_overlap(const struct lease_locktree *t, uint64_t first,
                                          uint64_t last, uint64_t except)
{
    return overlap(t->root, first, last, except);
}
