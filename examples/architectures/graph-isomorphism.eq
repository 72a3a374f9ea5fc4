# A graph isomorphism network, the sum over nodes read out of every layer
# Xu, Hu, Leskovec and Jegelka (2019), How powerful are graph neural networks?
A: 5 x 5 constant
X: 5 x 3 input
Y: 1 x 2
s[1..2]: 1 x 1
W[1..2]: 3 x 4
V[1..2]: 4 x 3
U[0..2]: 3 x 2
H[0] = X
R[0] = sum(X, axis=0) @ U[0]
repeat l = 1..2:
    Q[l] = (1 + s[l]) * H[l-1] + A @ H[l-1]
    H[l] = relu(Q[l] @ W[l]) @ V[l]
    R[l] = R[l-1] + sum(H[l], axis=0) @ U[l]
loss = -sum(Y * log_softmax(R[2], axis=1))
