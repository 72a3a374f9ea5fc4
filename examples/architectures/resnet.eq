# Residual blocks of two layers
# He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition
X: 4 x m
Y: 3 x m
W[1..3]: 6 x 4
V[1..3]: 4 x 6
b[1..3]: 6 x 1
c[1..3]: 4 x 1
U: 3 x 4
A[0] = X
repeat l = 1..3:
    H[l] = relu(W[l] @ A[l-1] + b[l])
    A[l] = relu(A[l-1] + V[l] @ H[l] + c[l])
P = softmax(U @ A[3])
loss = cross_entropy(P, Y)
