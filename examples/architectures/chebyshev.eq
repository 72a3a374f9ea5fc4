# Spectral graph convolution by Chebyshev polynomials, nodes as rows
# Defferrard, Bresson and Vandergheynst (2016), Convolutional neural networks on graphs
L: 5 x 5 constant
X: 5 x 3 input
Y: 5 x 2
W[0..3]: 3 x 2
T[0] = X
T[1] = L @ X
S[1] = T[0] @ W[0] + T[1] @ W[1]
repeat k = 2..3:
    T[k] = 2 * L @ T[k-1] - T[k-2]
    S[k] = S[k-1] + T[k] @ W[k]
loss = sum((relu(S[3]) - Y)**2)
