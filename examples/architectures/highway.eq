# A highway network
# Srivastava, Greff and Schmidhuber (2015), Highway networks
X: 4 x m
Y: 3 x m
W[1..3], V[1..3]: 4 x 4
b[1..3], c[1..3]: 4 x 1
U: 3 x 4
A[0] = X
repeat l = 1..3:
    H[l] = tanh(W[l] @ A[l-1] + b[l])
    T[l] = sigmoid(V[l] @ A[l-1] + c[l])
    A[l] = H[l] * T[l] + A[l-1] * (1 - T[l])
P = softmax(U @ A[3])
loss = cross_entropy(P, Y)
