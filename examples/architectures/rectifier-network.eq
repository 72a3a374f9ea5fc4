# A deep rectifier network
# Glorot, Bordes and Bengio (2011), Deep sparse rectifier neural networks
X: 5 x m
Y: 3 x m
W[1..4]: 5 x 5
b[1..4]: 5 x 1
V: 3 x 5
A[0] = X
repeat l = 1..4:
    A[l] = relu(W[l] @ A[l-1] + b[l])
P = softmax(V @ A[4])
loss = cross_entropy(P, Y) + 0.01 * sum(abs(A[4])) / m
