# An end-to-end memory network of three hops, for one story
# Sukhbaatar, Szlam, Weston and Fergus (2015), End-to-end memory networks
X: 6 x 4 input
q: 6 x 1 input
Y: 6 x 1
A, B, C: 3 x 6
H: 3 x 3
W: 6 x 3
M = A @ X
N = C @ X
u[0] = B @ q
repeat k = 1..3:
    p[k] = softmax(M.T @ u[k-1])
    u[k] = H @ u[k-1] + N @ p[k]
loss = -sum(Y * log_softmax(W @ u[3]))
